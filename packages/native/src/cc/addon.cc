// Entry of the addon: registers every capability on the exports of the loading environment.
// Context-aware (several environments per process); holds no state of its own.

#include "addon.h"

NAPI_MODULE_INIT() {
  sluice::InitSharedMemory(env, exports);
  sluice::InitListeningSocket(env, exports);
  sluice::InitConnectionMailbox(env, exports);
  sluice::InitDescriptorMailbox(env, exports);
  sluice::InitDatagramSocket(env, exports);
  sluice::InitDatagramTransport(env, exports);
  sluice::InitStreamTransport(env, exports);
  sluice::InitThreadClock(env, exports);
  sluice::InitTlsContext(env, exports);
  return exports;
}
