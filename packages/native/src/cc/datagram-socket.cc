// Bound UDP sockets: made with their options before a worker exists, or adopted from whoever started us. Receives nothing, resolves no
// names; a descriptor belongs to JavaScript once it is returned.

#include <fcntl.h>

#include "addon.h"
#include "bound-socket.h"

namespace sluice {
namespace {

constexpr int kBufferBytesMax = 1 << 30;

struct UdpOptions {
  int receiveBufferBytes;
  int sendBufferBytes;
};

bool ReadUdpOptions(napi_env env, napi_value object, UdpOptions* out) {
  return RequireIntegerProperty(env, object, "receiveBufferBytes", 0, kBufferBytesMax, &out->receiveBufferBytes) &&
         RequireIntegerProperty(env, object, "sendBufferBytes", 0, kBufferBytesMax, &out->sendBufferBytes);
}

/** Beyond the system's bound if we may; else as much as we get. 0: leave it. */
void SetBuffer(int socket, int forced, int option, int bytes) {
  if (bytes == 0 || SetOption(socket, SOL_SOCKET, forced, bytes)) return;
  SetOption(socket, SOL_SOCKET, option, bytes);
}

/** See OpenBound. */
int OpenUdp(const InternetAddress& address, const BindHost& host, const void* udp_options) {
  const UdpOptions& options = *static_cast<const UdpOptions*>(udp_options);
  OwnedDescriptor made(socket(address.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP));
  if (made.get() < 0) return -errno;
  SetBuffer(made.get(), SO_RCVBUFFORCE, SO_RCVBUF, options.receiveBufferBytes);
  SetBuffer(made.get(), SO_SNDBUFFORCE, SO_SNDBUF, options.sendBufferBytes);
  const bool both = host.text[0] == 0 && host.dualStack;
  if ((host.reusePort && !SetOption(made.get(), SOL_SOCKET, SO_REUSEPORT, 1)) ||
      (address.isIpv6 && !SetOption(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, both ? 0 : 1)) ||
      bind(made.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0) {
    return -errno;
  }
  return made.Release();
}

napi_value BindUdp(napi_env env, napi_callback_info info) {
  napi_value argument;
  BindHost host;
  UdpOptions options;
  if (!ReadArguments(env, info, &argument, 1) || !ReadBindHost(env, argument, &host) ||
      !ReadUdpOptions(env, argument, &options)) {
    return nullptr;
  }
  return BindAndDescribe(env, "bind", host, OpenUdp, &options);
}

napi_value AdoptDatagramSocket(napi_env env, napi_callback_info info) {
  napi_value argument;
  int descriptor;
  if (!ReadArguments(env, info, &argument, 1) || !RequireDescriptor(env, argument, &descriptor)) return nullptr;
  if (fcntl(descriptor, F_GETFD) < 0) return Fail(env, errno, "adopt descriptor %d", descriptor);
  const int domain = IntegerOption(descriptor, SO_DOMAIN);
  if ((domain != AF_INET && domain != AF_INET6) || IntegerOption(descriptor, SO_PROTOCOL) != IPPROTO_UDP) {
    return Refuse(env, EINVAL, "adopt descriptor %d: it is not a UDP socket", descriptor);
  }
  return AdoptAndDescribe(env, descriptor);
}

}  // namespace

void InitDatagramSocket(napi_env env, napi_value exports) {
  ExportFunction(env, exports, "bindUdp", BindUdp);
  ExportFunction(env, exports, "adoptDatagramSocket", AdoptDatagramSocket);
}

}  // namespace sluice
