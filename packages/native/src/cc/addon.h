// What each capability of the addon registers. One function per capability, called once per environment
// (main thread and every worker thread), so none of them may keep state in globals.

#ifndef SLUICE_ADDON_H_
#define SLUICE_ADDON_H_

#include <node_api.h>

namespace sluice {

void InitSharedMemory(napi_env env, napi_value exports);
void InitListeningSocket(napi_env env, napi_value exports);
void InitConnectionMailbox(napi_env env, napi_value exports);
void InitDescriptorMailbox(napi_env env, napi_value exports);
void InitDatagramSocket(napi_env env, napi_value exports);
void InitDatagramTransport(napi_env env, napi_value exports);
void InitStreamTransport(napi_env env, napi_value exports);
void InitThreadClock(napi_env env, napi_value exports);
void InitTlsContext(napi_env env, napi_value exports);

}  // namespace sluice

#endif  // SLUICE_ADDON_H_
