// Binding and describing sockets of the Internet and of Unix, for those who know what they are for. Resolves no names, and keeps no
// descriptor that it has made or was given.

#include "bound-socket.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/un.h>

namespace sluice {

namespace {

InternetAddress Parse(const BindHost& host) {
  if (host.text[0] != 0) return ParseInternet(host.text, host.port);
  return host.dualStack || host.ipv6Only ? ParseIpv6("::", host.port) : ParseIpv4("0.0.0.0", host.port);
}

/** `@name` for an abstract socket, empty for one without a name. */
void DescribeUnix(const sockaddr_storage& storage, socklen_t length, char* text, size_t capacity) {
  const char* path = reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
  const size_t offset = offsetof(sockaddr_un, sun_path);
  const size_t bytes = length > offset ? length - offset : 0;
  snprintf(text, capacity, "%.*s", static_cast<int>(bytes), path);
  if (bytes > 1 && path[0] == 0) snprintf(text, capacity, "@%.*s", static_cast<int>(bytes - 1), path + 1);
}

bool LacksIpv6(int made) { return made == -EAFNOSUPPORT || made == -EADDRNOTAVAIL || made == -ENOPROTOOPT; }

}  // namespace

bool ReadBindHost(napi_env env, napi_value object, BindHost* out) {
  napi_value host;
  out->ipv6Only = false;
  return ReadProperty(env, object, "host", &host) &&
         RequireString(env, host, "host", out->text, sizeof out->text, EINVAL) &&
         RequireIntegerProperty(env, object, "port", 0, 65535, &out->port) &&
         RequireBooleanProperty(env, object, "reusePort", &out->reusePort) &&
         RequireBooleanProperty(env, object, "dualStack", &out->dualStack);
}

napi_value BindAndDescribe(napi_env env, const char* action, const BindHost& host, OpenBound open, const void* options) {
  InternetAddress address = Parse(host);
  if (address.length == 0) {
    return Refuse(env, EINVAL, "%s %s: not an IPv4 or IPv6 address; names are not resolved here", action, host.text);
  }
  int made = open(address, host, options);
  if (host.text[0] == 0 && !host.ipv6Only && address.isIpv6 && LacksIpv6(made)) {
    address = ParseIpv4("0.0.0.0", host.port);
    made = open(address, host, options);
  }
  OwnedDescriptor owned(made);
  if (made < 0) {
    const char* shown = host.text[0] != 0 ? host.text : address.isIpv6 ? "::" : "0.0.0.0";
    return Fail(env, -made, address.isIpv6 ? "%s [%s]:%d" : "%s %s:%d", action, shown, host.port);
  }
  const napi_value result = Describe(env, owned.get());
  if (result != nullptr) owned.Release();
  return result;
}

bool SetOption(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

int IntegerOption(int socket, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(socket, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

napi_value Describe(napi_env env, int descriptor) {
  sockaddr_storage storage = {};
  socklen_t length = sizeof storage;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return Fail(env, errno, "describe descriptor %d", descriptor);
  }
  char text[sizeof(sockaddr_un) + kHostBytes] = "";
  int port = 0;
  const char* family = storage.ss_family == AF_INET ? "IPv4" : storage.ss_family == AF_INET6 ? "IPv6" : "Unix";
  if (storage.ss_family == AF_UNIX) {
    DescribeUnix(storage, length, text, sizeof text);
  } else {
    DescribeInternet(storage, text, sizeof text, &port);
  }
  napi_value result;
  const bool made = napi_create_object(env, &result) == napi_ok && SetNumber(env, result, "descriptor", descriptor) &&
                    SetString(env, result, "family", family) && SetString(env, result, "address", text) &&
                    SetNumber(env, result, "port", port);
  return made ? result : nullptr;
}

napi_value AdoptAndDescribe(napi_env env, int descriptor) {
  const int status = fcntl(descriptor, F_GETFL);
  const int flags = fcntl(descriptor, F_GETFD);
  if (status < 0 || flags < 0 || fcntl(descriptor, F_SETFL, status | O_NONBLOCK) != 0 ||
      fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) != 0) {
    return Fail(env, errno, "adopt descriptor %d", descriptor);
  }
  return Describe(env, descriptor);
}

}  // namespace sluice
