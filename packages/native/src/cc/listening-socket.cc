// Listening sockets, TCP and Unix: made with their options, adopted from whoever started us, and asked how full they are.
// Resolves no names and accepts nothing; a descriptor belongs to JavaScript once it is returned.

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "addon.h"
#include "arguments.h"
#include "internet-address.h"
#include "unix-path.h"

namespace sluice {
namespace {

constexpr int kBacklogMax = 65535;
constexpr int kFastOpenQueueMax = 65535;
constexpr int kDeferAcceptSecondsMax = 3600;
constexpr int kKeepAliveSecondsMax = 32767;
constexpr int kKeepAliveCountMax = 127;

struct TcpOptions {
  char host[kHostBytes];
  int port;
  int backlog;
  bool reusePort;
  bool dualStack;
  bool ipv6Only;
  int deferAcceptSeconds;
  int fastOpenQueue;
  /** All three 0: no keep-alive. */
  int keepAliveIdleSeconds;
  int keepAliveIntervalSeconds;
  int keepAliveCount;
};

bool ReadTcpOptions(napi_env env, napi_value object, TcpOptions* out) {
  napi_value host;
  return ReadProperty(env, object, "host", &host) &&
         RequireString(env, host, "host", out->host, sizeof out->host, EINVAL) &&
         RequireIntegerProperty(env, object, "port", 0, 65535, &out->port) &&
         RequireIntegerProperty(env, object, "backlog", 1, kBacklogMax, &out->backlog) &&
         RequireBooleanProperty(env, object, "reusePort", &out->reusePort) &&
         RequireBooleanProperty(env, object, "dualStack", &out->dualStack) &&
         RequireBooleanProperty(env, object, "ipv6Only", &out->ipv6Only) &&
         RequireIntegerProperty(env, object, "deferAcceptSeconds", 0, kDeferAcceptSecondsMax,
                                &out->deferAcceptSeconds) &&
         RequireIntegerProperty(env, object, "fastOpenQueue", 0, kFastOpenQueueMax, &out->fastOpenQueue) &&
         RequireIntegerProperty(env, object, "keepAliveIdleS", 0, kKeepAliveSecondsMax, &out->keepAliveIdleSeconds) &&
         RequireIntegerProperty(env, object, "keepAliveIntervalS", 0, kKeepAliveSecondsMax,
                                &out->keepAliveIntervalSeconds) &&
         RequireIntegerProperty(env, object, "keepAliveCount", 0, kKeepAliveCountMax, &out->keepAliveCount);
}

InternetAddress ParseHost(const TcpOptions& options) {
  if (options.host[0] == 0) {
    return options.dualStack || options.ipv6Only ? ParseIpv6("::", options.port) : ParseIpv4("0.0.0.0", options.port);
  }
  const InternetAddress address = ParseIpv4(options.host, options.port);
  return address.length != 0 ? address : ParseIpv6(options.host, options.port);
}

bool SetOption(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

bool SetKeepAlive(int socket, const TcpOptions& options) {
  if (options.keepAliveIdleSeconds == 0) return true;
  // Accepted connections inherit all four from the listener.
  return SetOption(socket, SOL_SOCKET, SO_KEEPALIVE, 1) &&
         SetOption(socket, IPPROTO_TCP, TCP_KEEPIDLE, options.keepAliveIdleSeconds) &&
         SetOption(socket, IPPROTO_TCP, TCP_KEEPINTVL, options.keepAliveIntervalSeconds) &&
         SetOption(socket, IPPROTO_TCP, TCP_KEEPCNT, options.keepAliveCount);
}

bool SetTcpOptions(int socket, const TcpOptions& options, bool isIpv6) {
  return SetOption(socket, SOL_SOCKET, SO_REUSEADDR, 1) &&
         (!options.reusePort || SetOption(socket, SOL_SOCKET, SO_REUSEPORT, 1)) &&
         (!isIpv6 || SetOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6Only ? 1 : 0)) &&
         (options.deferAcceptSeconds == 0 ||
          SetOption(socket, IPPROTO_TCP, TCP_DEFER_ACCEPT, options.deferAcceptSeconds)) &&
         (options.fastOpenQueue == 0 || SetOption(socket, IPPROTO_TCP, TCP_FASTOPEN, options.fastOpenQueue)) &&
         SetKeepAlive(socket, options);
}

/** @returns a listening descriptor, or the errno negated. */
int OpenTcp(const InternetAddress& address, const TcpOptions& options) {
  OwnedDescriptor listener(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (listener.get() < 0) return -errno;
  const sockaddr* generic = reinterpret_cast<const sockaddr*>(&address.storage);
  if (!SetTcpOptions(listener.get(), options, address.isIpv6) ||
      bind(listener.get(), generic, address.length) != 0 || listen(listener.get(), options.backlog) != 0) {
    return -errno;
  }
  return listener.Release();
}

/** `@name` for an abstract socket, empty for one without a name. */
void DescribeUnix(const sockaddr_storage& storage, socklen_t length, char* text, size_t capacity) {
  const char* path = reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
  const size_t offset = offsetof(sockaddr_un, sun_path);
  const size_t bytes = length > offset ? length - offset : 0;
  snprintf(text, capacity, "%.*s", static_cast<int>(bytes), path);
  if (bytes > 1 && path[0] == 0) snprintf(text, capacity, "@%.*s", static_cast<int>(bytes - 1), path + 1);
}

/** `{ descriptor, family, address, port }` as the kernel knows the socket. On failure the descriptor stays the caller's. */
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
  const bool made = napi_create_object(env, &result) == napi_ok &&
                    SetNumber(env, result, "descriptor", descriptor) && SetString(env, result, "family", family) &&
                    SetString(env, result, "address", text) && SetNumber(env, result, "port", port);
  return made ? result : nullptr;
}

napi_value ListenTcp(napi_env env, napi_callback_info info) {
  napi_value argument;
  TcpOptions options;
  if (!ReadArguments(env, info, &argument, 1) || !ReadTcpOptions(env, argument, &options)) return nullptr;
  InternetAddress address = ParseHost(options);
  if (address.length == 0) {
    return Refuse(env, EINVAL, "listen on %s: not an IPv4 or IPv6 address; names are not resolved here", options.host);
  }
  int made = OpenTcp(address, options);
  const bool isWildcard = options.host[0] == 0 && !options.ipv6Only;
  if (isWildcard && address.isIpv6 && (made == -EAFNOSUPPORT || made == -EADDRNOTAVAIL || made == -ENOPROTOOPT)) {
    address = ParseIpv4("0.0.0.0", options.port);
    made = OpenTcp(address, options);
  }
  OwnedDescriptor listener(made);
  if (made < 0) {
    const char* shown = options.host[0] != 0 ? options.host : address.isIpv6 ? "::" : "0.0.0.0";
    return Fail(env, -made, address.isIpv6 ? "listen on [%s]:%d" : "listen on %s:%d", shown, options.port);
  }
  const napi_value result = Describe(env, listener.get());
  if (result != nullptr) listener.Release();
  return result;
}

napi_value ListenUnix(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  sockaddr_un address;
  int64_t mode;
  int64_t backlog;
  if (!ReadArguments(env, info, arguments, 3) || !RequireUnixPath(env, arguments[0], &address) ||
      !RequireInteger(env, arguments[1], "mode", 0, 0777, &mode) ||
      !RequireInteger(env, arguments[2], "backlog", 1, kBacklogMax, &backlog)) {
    return nullptr;
  }
  OwnedDescriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (listener.get() < 0) return Fail(env, errno, "listen on %s", address.sun_path);
  if (!BindUnixPath(env, "listen on", listener.get(), address, SOCK_STREAM, static_cast<mode_t>(mode))) return nullptr;
  napi_value result = nullptr;
  if (listen(listener.get(), static_cast<int>(backlog)) != 0) {
    Fail(env, errno, "listen on %s", address.sun_path);
  } else {
    result = Describe(env, listener.get());
  }
  if (result == nullptr) {
    unlink(address.sun_path);
    return nullptr;
  }
  listener.Release();
  return result;
}

int IntegerOption(int socket, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(socket, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

/** @returns the socket's domain, or -1 when it threw. */
int RequireListener(napi_env env, const char* action, int descriptor) {
  struct stat file;
  if (fstat(descriptor, &file) != 0) {
    Fail(env, errno, "%s descriptor %d", action, descriptor);
    return -1;
  }
  if (!S_ISSOCK(file.st_mode)) {
    Refuse(env, ENOTSOCK, "%s descriptor %d: it is not a socket", action, descriptor);
    return -1;
  }
  const int domain = IntegerOption(descriptor, SO_DOMAIN);
  const bool isKnown = domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX;
  if (isKnown && IntegerOption(descriptor, SO_TYPE) == SOCK_STREAM && IntegerOption(descriptor, SO_ACCEPTCONN) == 1) {
    return domain;
  }
  Refuse(env, EINVAL, "%s descriptor %d: it is not a listening TCP or Unix stream socket", action, descriptor);
  return -1;
}

napi_value AdoptListeningSocket(napi_env env, napi_callback_info info) {
  napi_value argument;
  int descriptor;
  if (!ReadArguments(env, info, &argument, 1) || !RequireDescriptor(env, argument, &descriptor) ||
      RequireListener(env, "adopt", descriptor) < 0) {
    return nullptr;
  }
  const int status = fcntl(descriptor, F_GETFL);
  const int flags = fcntl(descriptor, F_GETFD);
  if (status < 0 || flags < 0 || fcntl(descriptor, F_SETFL, status | O_NONBLOCK) != 0 ||
      fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) != 0) {
    return Fail(env, errno, "adopt descriptor %d", descriptor);
  }
  return Describe(env, descriptor);
}

/** Connections that wait to be accepted, or the errno negated. */
int CountPending(int descriptor, int domain) {
  if (domain == AF_UNIX) {
    pollfd state = {descriptor, POLLIN, 0};
    return poll(&state, 1, 0) < 0 ? -errno : state.revents & POLLIN ? 1 : 0;
  }
  tcp_info state = {};
  socklen_t length = sizeof state;
  // On a listening socket this field is the length of the accept queue.
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &state, &length) != 0) return -errno;
  return static_cast<int>(state.tcpi_unacked);
}

napi_value PendingConnections(napi_env env, napi_callback_info info) {
  napi_value argument;
  int descriptor;
  if (!ReadArguments(env, info, &argument, 1) || !RequireDescriptor(env, argument, &descriptor)) return nullptr;
  const int domain = RequireListener(env, "inspect", descriptor);
  if (domain < 0) return nullptr;
  const int count = CountPending(descriptor, domain);
  if (count < 0) return Fail(env, -count, "inspect descriptor %d", descriptor);
  napi_value result;
  return napi_create_int32(env, count, &result) == napi_ok ? result : nullptr;
}

}  // namespace

void InitListeningSocket(napi_env env, napi_value exports) {
  ExportFunction(env, exports, "listenTcp", ListenTcp);
  ExportFunction(env, exports, "listenUnix", ListenUnix);
  ExportFunction(env, exports, "adoptListeningSocket", AdoptListeningSocket);
  ExportFunction(env, exports, "pendingConnections", PendingConnections);
}

}  // namespace sluice
