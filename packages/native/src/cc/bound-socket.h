// What listening sockets and sockets of datagrams have in common: hosts to bind to, options, what a descriptor is told about itself,
// and adopting one. Knows nothing of what a socket is for.

#ifndef SLUICE_NATIVE_BOUND_SOCKET_H_
#define SLUICE_NATIVE_BOUND_SOCKET_H_

#include <sys/socket.h>

#include "arguments.h"
#include "internet-address.h"

namespace sluice {

/** Where to bind; read from the properties `host`, `port`, `reusePort` and `dualStack` of an object. */
struct BindHost {
  char text[kHostBytes];  // empty: all addresses
  int port;
  bool reusePort;
  bool dualStack;   // for all addresses: of both families, or of IPv4 alone
  bool ipv6Only;
};

/** Throws and returns false when one cannot be. `ipv6Only` is not read. */
bool ReadBindHost(napi_env env, napi_value object, BindHost* out);

/** Makes a socket of the address with these options, of the type that the caller knows; a descriptor, or the errno negated. */
using OpenBound = int (*)(const InternetAddress& address, const BindHost& host, const void* options);

/**
 * Opens at the host, at all addresses of IPv4 alone where the kernel has no IPv6, and describes what was made. Throws what it cannot:
 * `action` and the address are the words of it.
 */
napi_value BindAndDescribe(napi_env env, const char* action, const BindHost& host, OpenBound open, const void* options);

bool SetOption(int socket, int level, int option, int value);
/** SOL_SOCKET; -1 when it has none. */
int IntegerOption(int socket, int option);

/** `{ descriptor, family, address, port }` as the kernel knows the socket. On failure the descriptor stays the caller's. */
napi_value Describe(napi_env env, int descriptor);

/** Non-blocking, for everybody who shares it, and close-on-exec, for us; then described. Throws when it cannot. */
napi_value AdoptAndDescribe(napi_env env, int descriptor);

}  // namespace sluice

#endif  // SLUICE_NATIVE_BOUND_SOCKET_H_
