// Reading arguments that a caller can get wrong: each reader throws an Error with an errno name as `code` and a sentence
// that names the argument and what is accepted. A reader that returns false has thrown; the caller returns nullptr at once.

#ifndef SLUICE_NATIVE_ARGUMENTS_H_
#define SLUICE_NATIVE_ARGUMENTS_H_

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdio>

#include "napi-helpers.h"

namespace sluice {

/** Longest error message in bytes; a longer one is cut. */
constexpr size_t kMessageBytes = 512;

/** Throws an Error whose `code` is the name of `error` (an errno). Always returns nullptr, to be returned to Node. */
inline napi_value ThrowMessage(napi_env env, int error, const char* message) {
  char name[48] = "ETOOMANYREFS";  // libuv has no name for this one
  if (error != ETOOMANYREFS) uv_err_name_r(-error, name, sizeof name);
  napi_value code = nullptr;
  napi_value text = nullptr;
  napi_value value = nullptr;
  if (napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &code) == napi_ok &&
      napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text) == napi_ok &&
      napi_create_error(env, code, text, &value) == napi_ok) {
    napi_throw(env, value);
  }
  return nullptr;
}

/** Refuses with our own sentence. */
__attribute__((format(printf, 3, 4))) inline napi_value Refuse(napi_env env, int error, const char* format, ...) {
  char message[kMessageBytes];
  va_list values;
  va_start(values, format);
  vsnprintf(message, sizeof message, format, values);
  va_end(values);
  return ThrowMessage(env, error, message);
}

/** Reports a failed system call: our words, a colon, then what the errno means. */
__attribute__((format(printf, 3, 4))) inline napi_value Fail(napi_env env, int error, const char* format, ...) {
  char message[kMessageBytes];
  va_list values;
  va_start(values, format);
  vsnprintf(message, sizeof message, format, values);
  va_end(values);
  char reason[128];
  uv_strerror_r(-error, reason, sizeof reason);
  if (error == ETOOMANYREFS) snprintf(reason, sizeof reason, "too many descriptors on their way");
  char whole[kMessageBytes + sizeof reason + 2];
  snprintf(whole, sizeof whole, "%s: %s", message, reason);
  return ThrowMessage(env, error, whole);
}

/** Fetches exactly `count` arguments; missing ones arrive as undefined and fail their own check. */
inline bool ReadArguments(napi_env env, napi_callback_info info, napi_value* values, size_t count) {
  size_t given = count;
  return napi_get_cb_info(env, info, &given, values, nullptr, nullptr) == napi_ok;
}

inline bool ReadProperty(napi_env env, napi_value object, const char* name, napi_value* out) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, object, &type) != napi_ok || type != napi_object) {
    Refuse(env, EINVAL, "expected an object with the property %s", name);
    return false;
  }
  return napi_get_named_property(env, object, name, out) == napi_ok;
}

inline bool RequireInteger(napi_env env, napi_value value, const char* what, int64_t min, int64_t max, int64_t* out) {
  if (ReadInteger(env, value, min, max, out)) return true;
  Refuse(env, EINVAL, "%s must be an integer from %lld to %lld", what, static_cast<long long>(min),
         static_cast<long long>(max));
  return false;
}

inline bool RequireIntegerProperty(napi_env env, napi_value object, const char* name, int min, int max, int* out) {
  napi_value value;
  int64_t number;
  if (!ReadProperty(env, object, name, &value) || !RequireInteger(env, value, name, min, max, &number)) return false;
  *out = static_cast<int>(number);
  return true;
}

inline bool RequireBooleanProperty(napi_env env, napi_value object, const char* name, bool* out) {
  napi_value value;
  if (!ReadProperty(env, object, name, &value)) return false;
  if (ReadBoolean(env, value, out)) return true;
  Refuse(env, EINVAL, "%s must be true or false", name);
  return false;
}

inline bool RequireDescriptor(napi_env env, napi_value value, int* out) {
  int64_t number;
  if (!RequireInteger(env, value, "descriptor", 0, INT_MAX, &number)) return false;
  *out = static_cast<int>(number);
  return true;
}

/** UTF-8 with a final NUL; more than `capacity - 1` bytes are refused with the errno `tooLong`. */
inline bool RequireString(napi_env env, napi_value value, const char* what, char* out, size_t capacity, int tooLong) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) {
    Refuse(env, EINVAL, "%s must be a string", what);
  } else if (length >= capacity) {
    Refuse(env, tooLong, "%s has %zu bytes, at most %zu are accepted", what, length, capacity - 1);
  } else if (!ReadString(env, value, out, capacity, &length)) {
    Refuse(env, EINVAL, "%s must not contain a NUL character", what);
  } else {
    return true;
  }
  return false;
}

inline bool SetNumber(napi_env env, napi_value object, const char* name, double number) {
  napi_value value;
  return napi_create_double(env, number, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

inline bool SetString(napi_env env, napi_value object, const char* name, const char* text) {
  napi_value value;
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

/** Closes its descriptor unless it was released: what keeps error paths free of leaks. */
class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int descriptor) : descriptor_(descriptor) {}
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;
  ~OwnedDescriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  int get() const { return descriptor_; }

  int Release() {
    const int descriptor = descriptor_;
    descriptor_ = -1;
    return descriptor;
  }

 private:
  int descriptor_;
};

}  // namespace sluice

#endif  // SLUICE_NATIVE_ARGUMENTS_H_
