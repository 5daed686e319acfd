// Bound UDP sockets: made with their options before a worker exists, or adopted from whoever started us. Receives nothing, resolves no
// names; a descriptor belongs to JavaScript once it is returned.

#include <fcntl.h>
#include <sys/socket.h>

#include "addon.h"
#include "arguments.h"
#include "internet-address.h"

namespace sluice {
namespace {

constexpr int kBufferBytesMax = 1 << 30;

struct UdpOptions {
  char host[kHostBytes];
  int port;
  bool reusePort;
  bool dualStack;
  int receiveBufferBytes;
  int sendBufferBytes;
};

bool ReadUdpOptions(napi_env env, napi_value object, UdpOptions* out) {
  napi_value host;
  return ReadProperty(env, object, "host", &host) &&
         RequireString(env, host, "host", out->host, sizeof out->host, EINVAL) &&
         RequireIntegerProperty(env, object, "port", 0, 65535, &out->port) &&
         RequireBooleanProperty(env, object, "reusePort", &out->reusePort) &&
         RequireBooleanProperty(env, object, "dualStack", &out->dualStack) &&
         RequireIntegerProperty(env, object, "receiveBufferBytes", 0, kBufferBytesMax, &out->receiveBufferBytes) &&
         RequireIntegerProperty(env, object, "sendBufferBytes", 0, kBufferBytesMax, &out->sendBufferBytes);
}

bool SetOption(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

/** Beyond the system's bound if we may; else as much as we get. 0: leave it. */
void SetBuffer(int socket, int forced, int option, int bytes) {
  if (bytes == 0 || SetOption(socket, SOL_SOCKET, forced, bytes)) return;
  SetOption(socket, SOL_SOCKET, option, bytes);
}

/** @returns a bound descriptor, or the errno negated. */
int OpenUdp(const InternetAddress& address, const UdpOptions& options) {
  OwnedDescriptor made(socket(address.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP));
  if (made.get() < 0) return -errno;
  SetBuffer(made.get(), SO_RCVBUFFORCE, SO_RCVBUF, options.receiveBufferBytes);
  SetBuffer(made.get(), SO_SNDBUFFORCE, SO_SNDBUF, options.sendBufferBytes);
  const bool both = options.host[0] == 0 && options.dualStack;
  if ((options.reusePort && !SetOption(made.get(), SOL_SOCKET, SO_REUSEPORT, 1)) ||
      (address.isIpv6 && !SetOption(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, both ? 0 : 1)) ||
      bind(made.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0) {
    return -errno;
  }
  return made.Release();
}

/** `{ descriptor, family, address, port }` as the kernel knows the socket. On failure the descriptor stays the caller's. */
napi_value Describe(napi_env env, int descriptor) {
  sockaddr_storage storage = {};
  socklen_t length = sizeof storage;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return Fail(env, errno, "describe descriptor %d", descriptor);
  }
  char text[kHostBytes] = "";
  int port = 0;
  DescribeInternet(storage, text, sizeof text, &port);
  napi_value result;
  const bool made = napi_create_object(env, &result) == napi_ok && SetNumber(env, result, "descriptor", descriptor) &&
                    SetString(env, result, "family", storage.ss_family == AF_INET ? "IPv4" : "IPv6") &&
                    SetString(env, result, "address", text) && SetNumber(env, result, "port", port);
  return made ? result : nullptr;
}

InternetAddress ParseHost(const UdpOptions& options) {
  if (options.host[0] == 0) return options.dualStack ? ParseIpv6("::", options.port) : ParseIpv4("0.0.0.0", options.port);
  const InternetAddress address = ParseIpv4(options.host, options.port);
  return address.length != 0 ? address : ParseIpv6(options.host, options.port);
}

napi_value BindUdp(napi_env env, napi_callback_info info) {
  napi_value argument;
  UdpOptions options;
  if (!ReadArguments(env, info, &argument, 1) || !ReadUdpOptions(env, argument, &options)) return nullptr;
  InternetAddress address = ParseHost(options);
  if (address.length == 0) {
    return Refuse(env, EINVAL, "bind %s: not an IPv4 or IPv6 address; names are not resolved here", options.host);
  }
  int made = OpenUdp(address, options);
  if (options.host[0] == 0 && address.isIpv6 && (made == -EAFNOSUPPORT || made == -EADDRNOTAVAIL || made == -ENOPROTOOPT)) {
    address = ParseIpv4("0.0.0.0", options.port);
    made = OpenUdp(address, options);
  }
  OwnedDescriptor owned(made);
  if (made < 0) {
    const char* shown = options.host[0] != 0 ? options.host : address.isIpv6 ? "::" : "0.0.0.0";
    return Fail(env, -made, address.isIpv6 ? "bind [%s]:%d" : "bind %s:%d", shown, options.port);
  }
  const napi_value result = Describe(env, owned.get());
  if (result != nullptr) owned.Release();
  return result;
}

int IntegerOption(int socket, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(socket, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

napi_value AdoptDatagramSocket(napi_env env, napi_callback_info info) {
  napi_value argument;
  int descriptor;
  if (!ReadArguments(env, info, &argument, 1) || !RequireDescriptor(env, argument, &descriptor)) return nullptr;
  const int status = fcntl(descriptor, F_GETFL);
  const int flags = fcntl(descriptor, F_GETFD);
  if (status < 0 || flags < 0) return Fail(env, errno, "adopt descriptor %d", descriptor);
  const int domain = IntegerOption(descriptor, SO_DOMAIN);
  if ((domain != AF_INET && domain != AF_INET6) || IntegerOption(descriptor, SO_PROTOCOL) != IPPROTO_UDP) {
    return Refuse(env, EINVAL, "adopt descriptor %d: it is not a UDP socket", descriptor);
  }
  if (fcntl(descriptor, F_SETFL, status | O_NONBLOCK) != 0 || fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) != 0) {
    return Fail(env, errno, "adopt descriptor %d", descriptor);
  }
  return Describe(env, descriptor);
}

}  // namespace

void InitDatagramSocket(napi_env env, napi_value exports) {
  ExportFunction(env, exports, "bindUdp", BindUdp);
  ExportFunction(env, exports, "adoptDatagramSocket", AdoptDatagramSocket);
}

}  // namespace sluice
