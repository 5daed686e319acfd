// Small helpers every capability needs: errors with a Node-style code, bounded argument reading, method tables.
// Header only; knows nothing of any capability.

#ifndef SLUICE_NAPI_HELPERS_H_
#define SLUICE_NAPI_HELPERS_H_

#include <node_api.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

namespace sluice {

/** Throws Error("<syscall>: <description>") with code ("EMFILE"), errno (positive) and syscall; returns nullptr. */
inline napi_value ThrowErrno(napi_env env, int error, const char* syscall) {
  char text[160];
  snprintf(text, sizeof text, "%s: %s", syscall, uv_strerror(-error));
  napi_value code, message, object, number, name;
  if (napi_create_string_utf8(env, uv_err_name(-error), NAPI_AUTO_LENGTH, &code) != napi_ok ||
      napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message) != napi_ok ||
      napi_create_error(env, code, message, &object) != napi_ok) {
    return nullptr;
  }
  if (napi_create_int32(env, error, &number) == napi_ok) napi_set_named_property(env, object, "errno", number);
  if (napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &name) == napi_ok) {
    napi_set_named_property(env, object, "syscall", name);
  }
  napi_throw(env, object);
  return nullptr;
}

inline napi_value ThrowRange(napi_env env, const char* message) {
  napi_throw_range_error(env, "ERR_OUT_OF_RANGE", message);
  return nullptr;
}

inline napi_value ThrowType(napi_env env, const char* message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return nullptr;
}

/** Whole number within [minimum, maximum]; false (nothing thrown) for anything else. */
inline bool ReadInteger(napi_env env, napi_value value, int64_t minimum, int64_t maximum, int64_t* out) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return false;
  if (!(number >= static_cast<double>(minimum) && number <= static_cast<double>(maximum))) return false;
  *out = static_cast<int64_t>(number);
  return static_cast<double>(*out) == number;
}

inline bool ReadBoolean(napi_env env, napi_value value, bool* out) {
  return napi_get_value_bool(env, value, out) == napi_ok;
}

/** UTF-8 text with its terminator; false when it is no string, does not fit in `capacity` or has a NUL inside. */
inline bool ReadString(napi_env env, napi_value value, char* out, size_t capacity, size_t* length) {
  size_t needed = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &needed) != napi_ok || needed >= capacity) return false;
  if (napi_get_value_string_utf8(env, value, out, capacity, length) != napi_ok) return false;
  return memchr(out, 0, *length) == nullptr;
}

inline napi_value MakeNumber(napi_env env, int32_t value) {
  napi_value number;
  return napi_create_int32(env, value, &number) == napi_ok ? number : nullptr;
}

inline void ExportFunction(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok) {
    napi_set_named_property(env, exports, name, function);
  }
}

}  // namespace sluice

#endif  // SLUICE_NAPI_HELPERS_H_
