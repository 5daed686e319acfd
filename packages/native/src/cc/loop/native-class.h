// What the JavaScript classes of both transports have in common: how an object is made and tied to the loop, how each of its methods
// begins and ends, how numbers and shared memory are read. Knows no method of either.

#ifndef SLUICE_LOOP_NATIVE_CLASS_H_
#define SLUICE_LOOP_NATIVE_CLASS_H_

#include <errno.h>

#include "../internet-address.h"
#include "../napi-helpers.h"
#include "loop-binding.h"

namespace sluice {

constexpr size_t kArgumentsMax = 6;

/** How a class is known to Node and to readers of its errors. */
struct NativeIdentity {
  const char* name;  // "stream transport"
  const char* hook;  // what asynchronous hooks show
  napi_type_tag tag;
};

/** A transport inside a Node environment. `Class` has a `Transport` and its `kIdentity`. */
template <class Class>
class TransportBinding final : public LoopBinding {
 public:
  template <class Options, class Regions>
  TransportBinding(napi_env env, const Options& options, const Regions& regions)
      : LoopBinding(env, Class::kIdentity.hook), transport(this, options, regions) {
    Attach(&transport);
  }

  typename Class::Transport transport;

 private:
  ~TransportBinding() override = default;
};

/** Reads `this` and up to kArgumentsMax arguments; null, and something was thrown, when `this` is no live object of that class. */
LoopBinding* ReadThis(napi_env env, napi_callback_info info, const NativeIdentity& identity, napi_value* arguments);

/** A method that was called. */
template <class Class>
struct NativeCall {
  /** False, and something was thrown, when there is nothing to call it on. */
  bool Begin(napi_env env, napi_callback_info info) {
    binding = static_cast<TransportBinding<Class>*>(ReadThis(env, info, Class::kIdentity, arguments));
    return binding != nullptr;
  }

  typename Class::Transport& Transport() { return binding->transport; }

  /** Throws when there is an error; otherwise the loop has to look again. */
  napi_value Finish(napi_env env, int error, const char* method) {
    if (error != 0) return ThrowErrno(env, error, method);
    binding->driver.Reschedule();
    return nullptr;
  }

  /** For methods that return 0 or an errno. */
  napi_value Answer(napi_env env, int error) {
    binding->driver.Reschedule();
    return MakeNumber(env, error);
  }

  TransportBinding<Class>* binding;
  napi_value arguments[kArgumentsMax];
};

/** The following throw and return false when it cannot be one. The tag of a listener: */
bool ReadTag(napi_env env, napi_value value, const char* method, uint16_t* tag);
/** A descriptor: */
bool ReadSocket(napi_env env, napi_value value, const char* method, int* descriptor);

/** The following throw nothing. The id of a connection or a flow: */
bool ReadId(napi_env env, napi_value value, int32_t* id);
/** A literal address of either family, IPv6 perhaps with a zone, and a port: */
bool ReadInternetAddress(napi_env env, napi_value host, napi_value port, InternetAddress* address);

struct NumberField {
  uint32_t* field;
  int64_t minimum;
  int64_t maximum;
};

/** Whole numbers of an array in their order, each within its bounds. */
template <size_t kCount>
bool ReadNumbers(napi_env env, napi_value array, const NumberField (&fields)[kCount]) {
  for (uint32_t i = 0; i < kCount; i++) {
    napi_value value;
    int64_t number;
    if (napi_get_element(env, array, i, &value) != napi_ok ||
        !ReadInteger(env, value, fields[i].minimum, fields[i].maximum, &number)) {
      return false;
    }
    *fields[i].field = static_cast<uint32_t>(number);
  }
  return true;
}

/** Address of an ArrayBuffer of at least `bytes`, 8-byte aligned; null otherwise. */
void* ReadBuffer(napi_env env, napi_value value, size_t bytes);

/** Reads `self` and so many arguments of a constructor, the last a function; throws and returns false when they are not there. */
bool ReadConstruction(napi_env env, napi_callback_info info, napi_value* arguments, size_t count, napi_value* self);

/** Starts the binding, which may be null, and gives it to `self`; both end together. Throws when that fails. */
napi_value Tie(napi_env env, napi_value self, LoopBinding* binding, const NativeIdentity& identity, napi_value handler,
               const napi_value* buffers, size_t buffer_count);

/** destroy() */
template <class Class>
napi_value DestroyMethod(napi_env env, napi_callback_info info) {
  NativeCall<Class> call;
  if (call.Begin(env, info)) call.binding->Shutdown();
  return nullptr;
}

struct NativeMethod {
  const char* name;
  napi_callback callback;
};

template <size_t kCount>
void ExportClass(napi_env env, napi_value exports, const char* name, napi_callback construct,
                 const NativeMethod (&methods)[kCount]) {
  napi_property_descriptor properties[kCount];
  for (size_t i = 0; i < kCount; i++) {
    properties[i] = {methods[i].name, nullptr, methods[i].callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
  }
  napi_value constructor;
  if (napi_define_class(env, name, NAPI_AUTO_LENGTH, construct, nullptr, kCount, properties, &constructor) == napi_ok) {
    napi_set_named_property(env, exports, name, constructor);
  }
}

}  // namespace sluice

#endif  // SLUICE_LOOP_NATIVE_CLASS_H_
