// The parts of a native class that do not depend on which transport it is. Arguments are checked here or by the class; a transport
// sees only numbers within their bounds.

#include "native-class.h"

namespace sluice {

namespace {

void Finalize(napi_env env, void* data, void* hint) {
  (void)env;
  (void)hint;
  static_cast<LoopBinding*>(data)->WrapperGone();
}

bool ReadWithin(napi_env env, napi_value value, int64_t minimum, int64_t maximum, const char* method, const char* complaint,
                int64_t* number) {
  if (ReadInteger(env, value, minimum, maximum, number)) return true;
  char message[64];
  snprintf(message, sizeof message, "%s: %s", method, complaint);
  ThrowRange(env, message);
  return false;
}

}  // namespace

LoopBinding* ReadThis(napi_env env, napi_callback_info info, const NativeIdentity& identity, napi_value* arguments) {
  size_t count = kArgumentsMax;
  napi_value self;
  bool ours = false;
  void* data = nullptr;
  char message[64];
  if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok ||
      napi_check_object_type_tag(env, self, &identity.tag, &ours) != napi_ok || !ours ||
      napi_unwrap(env, self, &data) != napi_ok) {
    snprintf(message, sizeof message, "not a %s", identity.name);
    napi_throw_type_error(env, "ERR_INVALID_THIS", message);
    return nullptr;
  }
  LoopBinding* binding = static_cast<LoopBinding*>(data);
  if (!binding->Destroyed()) return binding;
  snprintf(message, sizeof message, "the %s has been destroyed", identity.name);
  napi_throw_error(env, "ERR_DESTROYED", message);
  return nullptr;
}

bool ReadTag(napi_env env, napi_value value, const char* method, uint16_t* tag) {
  int64_t number;
  if (!ReadWithin(env, value, 1, UINT16_MAX, method, "tag must be 1 to 65535", &number)) return false;
  *tag = static_cast<uint16_t>(number);
  return true;
}

bool ReadSocket(napi_env env, napi_value value, const char* method, int* descriptor) {
  int64_t number;
  if (!ReadWithin(env, value, 0, INT32_MAX, method, "no such descriptor", &number)) return false;
  *descriptor = static_cast<int>(number);
  return true;
}

bool ReadId(napi_env env, napi_value value, int32_t* id) {
  int64_t number;
  if (!ReadInteger(env, value, 1, INT32_MAX, &number)) return false;
  *id = static_cast<int32_t>(number);
  return true;
}

bool ReadInternetAddress(napi_env env, napi_value host, napi_value port, InternetAddress* address) {
  int64_t number;
  char text[kHostBytes];
  size_t length;
  if (!ReadInteger(env, port, 1, UINT16_MAX, &number) || !ReadString(env, host, text, sizeof text, &length)) return false;
  *address = ParseInternet(text, static_cast<int>(number));
  return address->length != 0;
}

void* ReadBuffer(napi_env env, napi_value value, size_t bytes) {
  bool is_buffer = false;
  void* data = nullptr;
  size_t length = 0;
  if (napi_is_arraybuffer(env, value, &is_buffer) != napi_ok || !is_buffer) return nullptr;
  if (napi_get_arraybuffer_info(env, value, &data, &length) != napi_ok || length < bytes) return nullptr;
  return reinterpret_cast<uintptr_t>(data) % 8 == 0 ? data : nullptr;
}

bool ReadConstruction(napi_env env, napi_callback_info info, napi_value* arguments, size_t count, napi_value* self) {
  size_t given = count;
  char message[64];
  napi_valuetype type;
  if (napi_get_cb_info(env, info, &given, arguments, self, nullptr) != napi_ok || given < count) {
    snprintf(message, sizeof message, "%zu arguments are needed", count);
    ThrowType(env, message);
    return false;
  }
  if (napi_typeof(env, arguments[count - 1], &type) == napi_ok && type == napi_function) return true;
  ThrowType(env, "handler must be a function");
  return false;
}

napi_value Tie(napi_env env, napi_value self, LoopBinding* binding, const NativeIdentity& identity, napi_value handler,
               const napi_value* buffers, size_t buffer_count) {
  if (binding == nullptr) return ThrowErrno(env, ENOMEM, identity.name);
  const int error = binding->Start(self, handler, buffers, buffer_count);
  const bool wrapped = error == 0 && napi_wrap(env, self, binding, Finalize, nullptr, nullptr) == napi_ok;
  if (!wrapped) {
    binding->WrapperGone();
    return ThrowErrno(env, error != 0 ? error : ENOMEM, identity.name);
  }
  napi_type_tag_object(env, self, &identity.tag);
  return self;
}

}  // namespace sluice
