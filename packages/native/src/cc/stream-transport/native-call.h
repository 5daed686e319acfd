// How every method of the JavaScript class `NativeStreamTransport` begins: whose it is, and with what it was called.

#ifndef SLUICE_STREAM_TRANSPORT_NATIVE_CALL_H_
#define SLUICE_STREAM_TRANSPORT_NATIVE_CALL_H_

#include "../napi-helpers.h"
#include "binding.h"

namespace sluice {

constexpr napi_type_tag kTransportTag = {0x5b0f7c9d6a3e4412, 0x9f21c07e88d3b6a5};
constexpr size_t kArgumentsMax = 6;

struct Call {
  TransportBinding* binding;
  napi_value arguments[kArgumentsMax];
};

/** Reads `this` and the arguments; throws and returns false when `this` is no live transport. */
inline bool Begin(napi_env env, napi_callback_info info, Call* call) {
  size_t count = kArgumentsMax;
  napi_value self;
  bool ours = false;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, call->arguments, &self, nullptr) != napi_ok ||
      napi_check_object_type_tag(env, self, &kTransportTag, &ours) != napi_ok || !ours ||
      napi_unwrap(env, self, &data) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_THIS", "not a stream transport");
    return false;
  }
  call->binding = static_cast<TransportBinding*>(data);
  if (call->binding->transport.Destroyed()) {
    napi_throw_error(env, "ERR_DESTROYED", "the stream transport has been destroyed");
    return false;
  }
  return true;
}

inline napi_value Number(napi_env env, int32_t value) {
  napi_value number;
  return napi_create_int32(env, value, &number) == napi_ok ? number : nullptr;
}

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_NATIVE_CALL_H_
