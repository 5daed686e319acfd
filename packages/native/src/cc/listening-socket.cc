// Listening sockets, TCP and Unix: made with their options, adopted from whoever started us, and asked how full they are.
// Resolves no names and accepts nothing; a descriptor belongs to JavaScript once it is returned.

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/stat.h>

#include "addon.h"
#include "bound-socket.h"
#include "unix-path.h"

namespace sluice {
namespace {

constexpr int kBacklogMax = 65535;
constexpr int kFastOpenQueueMax = 65535;
constexpr int kDeferAcceptSecondsMax = 3600;
constexpr int kKeepAliveSecondsMax = 32767;
constexpr int kKeepAliveCountMax = 127;

struct TcpOptions {
  int backlog;
  int deferAcceptSeconds;
  int fastOpenQueue;
  /** All three 0: no keep-alive. */
  int keepAliveIdleSeconds;
  int keepAliveIntervalSeconds;
  int keepAliveCount;
};

bool ReadTcpOptions(napi_env env, napi_value object, BindHost* host, TcpOptions* out) {
  return ReadBindHost(env, object, host) &&
         RequireIntegerProperty(env, object, "backlog", 1, kBacklogMax, &out->backlog) &&
         RequireBooleanProperty(env, object, "ipv6Only", &host->ipv6Only) &&
         RequireIntegerProperty(env, object, "deferAcceptSeconds", 0, kDeferAcceptSecondsMax,
                                &out->deferAcceptSeconds) &&
         RequireIntegerProperty(env, object, "fastOpenQueue", 0, kFastOpenQueueMax, &out->fastOpenQueue) &&
         RequireIntegerProperty(env, object, "keepAliveIdleS", 0, kKeepAliveSecondsMax, &out->keepAliveIdleSeconds) &&
         RequireIntegerProperty(env, object, "keepAliveIntervalS", 0, kKeepAliveSecondsMax,
                                &out->keepAliveIntervalSeconds) &&
         RequireIntegerProperty(env, object, "keepAliveCount", 0, kKeepAliveCountMax, &out->keepAliveCount);
}

bool SetKeepAlive(int socket, const TcpOptions& options) {
  if (options.keepAliveIdleSeconds == 0) return true;
  // Accepted connections inherit all four from the listener.
  return SetOption(socket, SOL_SOCKET, SO_KEEPALIVE, 1) &&
         SetOption(socket, IPPROTO_TCP, TCP_KEEPIDLE, options.keepAliveIdleSeconds) &&
         SetOption(socket, IPPROTO_TCP, TCP_KEEPINTVL, options.keepAliveIntervalSeconds) &&
         SetOption(socket, IPPROTO_TCP, TCP_KEEPCNT, options.keepAliveCount);
}

bool SetTcpOptions(int socket, const BindHost& host, const TcpOptions& options, bool isIpv6) {
  return SetOption(socket, SOL_SOCKET, SO_REUSEADDR, 1) &&
         (!host.reusePort || SetOption(socket, SOL_SOCKET, SO_REUSEPORT, 1)) &&
         (!isIpv6 || SetOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, host.ipv6Only ? 1 : 0)) &&
         (options.deferAcceptSeconds == 0 ||
          SetOption(socket, IPPROTO_TCP, TCP_DEFER_ACCEPT, options.deferAcceptSeconds)) &&
         (options.fastOpenQueue == 0 || SetOption(socket, IPPROTO_TCP, TCP_FASTOPEN, options.fastOpenQueue)) &&
         SetKeepAlive(socket, options);
}

/** See OpenBound. */
int OpenTcp(const InternetAddress& address, const BindHost& host, const void* tcp_options) {
  const TcpOptions& options = *static_cast<const TcpOptions*>(tcp_options);
  OwnedDescriptor listener(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (listener.get() < 0) return -errno;
  const sockaddr* generic = reinterpret_cast<const sockaddr*>(&address.storage);
  if (!SetTcpOptions(listener.get(), host, options, address.isIpv6) ||
      bind(listener.get(), generic, address.length) != 0 || listen(listener.get(), options.backlog) != 0) {
    return -errno;
  }
  return listener.Release();
}

napi_value ListenTcp(napi_env env, napi_callback_info info) {
  napi_value argument;
  BindHost host;
  TcpOptions options;
  if (!ReadArguments(env, info, &argument, 1) || !ReadTcpOptions(env, argument, &host, &options)) return nullptr;
  return BindAndDescribe(env, "listen on", host, OpenTcp, &options);
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
  return AdoptAndDescribe(env, descriptor);
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
