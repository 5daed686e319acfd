// The JavaScript class `NativeTlsContext`, for those who are given one as an argument.

#ifndef SLUICE_TLS_NATIVE_TLS_CONTEXT_H_
#define SLUICE_TLS_NATIVE_TLS_CONTEXT_H_

#include <node_api.h>

#include "tls-context.h"

namespace sluice {

/** Null when it is none. The reference stays the JavaScript object's. */
TlsContext* TlsContextOf(napi_env env, napi_value value);

}  // namespace sluice

#endif  // SLUICE_TLS_NATIVE_TLS_CONTEXT_H_
