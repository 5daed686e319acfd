// A pair of connected sockets through which processes of one node give each other accepted connections; what travels in it is
// in stream-transport/hand-over.cc. Packets, not a stream: several senders may share one end.

#include <sys/socket.h>

#include "addon.h"
#include "arguments.h"

namespace sluice {
namespace {

/** `{ receive, send }`, both close-on-exec and the caller's. */
napi_value CreateConnectionMailbox(napi_env env, napi_callback_info info) {
  (void)info;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return Fail(env, errno, "create a connection mailbox");
  }
  OwnedDescriptor receive(ends[0]);
  OwnedDescriptor send(ends[1]);
  napi_value result;
  if (napi_create_object(env, &result) != napi_ok || !SetNumber(env, result, "receive", receive.get()) ||
      !SetNumber(env, result, "send", send.get())) {
    return nullptr;
  }
  receive.Release();
  send.Release();
  return result;
}

}  // namespace

void InitConnectionMailbox(napi_env env, napi_value exports) {
  ExportFunction(env, exports, "createConnectionMailbox", CreateConnectionMailbox);
}

}  // namespace sluice
