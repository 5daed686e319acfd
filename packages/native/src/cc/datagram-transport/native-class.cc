// The JavaScript class `NativeDatagramTransport`: reads and checks arguments, calls the transport, turns errno into errors.
// Called when listeners and flows begin and end, never for a datagram.

#include <new>

#include "../addon.h"
#include "../internet-address.h"
#include "../napi-helpers.h"
#include "binding.h"

namespace sluice {
namespace datagram {

namespace {

constexpr napi_type_tag kTransportTag = {0x3c7e1b90d2f84a65, 0x8e5d40f7196bc2a3};
constexpr size_t kArgumentsMax = 4;

struct Call {
  TransportBinding* binding;
  napi_value arguments[kArgumentsMax];
};

/** Reads `this` and the arguments; throws and returns false when `this` is no live transport. */
bool Begin(napi_env env, napi_callback_info info, Call* call) {
  size_t count = kArgumentsMax;
  napi_value self;
  bool ours = false;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, call->arguments, &self, nullptr) != napi_ok ||
      napi_check_object_type_tag(env, self, &kTransportTag, &ours) != napi_ok || !ours ||
      napi_unwrap(env, self, &data) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_THIS", "not a datagram transport");
    return false;
  }
  call->binding = static_cast<TransportBinding*>(data);
  if (call->binding->transport.Destroyed()) {
    napi_throw_error(env, "ERR_DESTROYED", "the datagram transport has been destroyed");
    return false;
  }
  return true;
}

napi_value Number(napi_env env, int32_t value) {
  napi_value number;
  return napi_create_int32(env, value, &number) == napi_ok ? number : nullptr;
}

/** Whole numbers of an array in their order, each from its minimum to its maximum. */
bool ReadNumbers(napi_env env, napi_value array, uint32_t* const* fields, const int64_t (*bounds)[2], uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    napi_value value;
    int64_t number;
    if (napi_get_element(env, array, i, &value) != napi_ok) return false;
    if (!ReadInteger(env, value, bounds[i][0], bounds[i][1], &number)) return false;
    *fields[i] = static_cast<uint32_t>(number);
  }
  return true;
}

bool ReadListenerOptions(napi_env env, napi_value array, ListenerOptions* o) {
  uint32_t* const fields[] = {&o->flowsMax,          &o->idleMs,    &o->amplification, &o->inspectFromClient,
                              &o->inspectFromServer, &o->keyOffset, &o->keyBytes,      &o->keyMask,
                              &o->keyValue};
  const int64_t bounds[][2] = {{1, kIndexMask}, {1, INT32_MAX}, {0, 1000}, {0, 64}, {0, 64}, {0, 1000}, {0, kKeyBytesMax},
                               {0, 255},        {0, 255}};
  return ReadNumbers(env, array, fields, bounds, 9);
}

/** listen(descriptor, tag, options) */
napi_value Listen(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t fd, tag;
  ListenerOptions options = {};
  if (!ReadInteger(env, call.arguments[0], 0, INT32_MAX, &fd)) return ThrowRange(env, "listen: no such descriptor");
  if (!ReadInteger(env, call.arguments[1], 1, 65535, &tag)) return ThrowRange(env, "listen: tag must be 1 to 65535");
  if (!ReadListenerOptions(env, call.arguments[2], &options)) return ThrowRange(env, "listen: an option is out of range");
  const int error = call.binding->transport.Listen(static_cast<int>(fd), static_cast<uint16_t>(tag), options);
  if (error != 0) return ThrowErrno(env, error, "listen");
  call.binding->driver.Reschedule();
  return nullptr;
}

/** unlisten(tag, keepFlows, closeDescriptor) */
napi_value Unlisten(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t tag;
  bool keep_flows, close_descriptor;
  if (!ReadInteger(env, call.arguments[0], 1, 65535, &tag)) return ThrowRange(env, "unlisten: tag must be 1 to 65535");
  if (!ReadBoolean(env, call.arguments[1], &keep_flows) || !ReadBoolean(env, call.arguments[2], &close_descriptor)) {
    return ThrowType(env, "unlisten: keepFlows and closeDescriptor must be booleans");
  }
  const int error = call.binding->transport.Unlisten(static_cast<uint16_t>(tag), keep_flows, close_descriptor);
  if (error != 0) return ThrowErrno(env, error, "unlisten");
  call.binding->driver.Reschedule();
  return nullptr;
}

/** connectFlow(flow, address, port): 0 or an errno */
napi_value ConnectFlow(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t id, port;
  char host[kHostBytes];
  size_t length;
  if (!ReadInteger(env, call.arguments[0], 1, INT32_MAX, &id) ||
      !ReadString(env, call.arguments[1], host, sizeof host, &length) ||
      !ReadInteger(env, call.arguments[2], 1, 65535, &port)) {
    return Number(env, EINVAL);
  }
  InternetAddress server = ParseIpv4(host, static_cast<int>(port));
  if (server.length == 0) server = ParseIpv6(host, static_cast<int>(port));
  if (server.length == 0) return Number(env, EINVAL);
  const int error = call.binding->transport.ConnectFlow(static_cast<int32_t>(id),
                                                        reinterpret_cast<sockaddr*>(&server.storage), server.length);
  call.binding->driver.Reschedule();
  return Number(env, error);
}

/** A method that takes a flow and returns 0 or an errno. */
template <int (DatagramTransport::*Action)(int32_t)>
napi_value OnFlow(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t id;
  if (!ReadInteger(env, call.arguments[0], 1, INT32_MAX, &id)) return Number(env, ESTALE);
  const int error = (call.binding->transport.*Action)(static_cast<int32_t>(id));
  call.binding->driver.Reschedule();
  return Number(env, error);
}

/** addKey(flow, Uint8Array): 0 or an errno */
napi_value AddKey(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t id;
  bool typed = false;
  napi_typedarray_type type;
  size_t length = 0;
  void* bytes = nullptr;
  if (!ReadInteger(env, call.arguments[0], 1, INT32_MAX, &id) ||
      napi_is_typedarray(env, call.arguments[1], &typed) != napi_ok || !typed ||
      napi_get_typedarray_info(env, call.arguments[1], &type, &length, &bytes, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array || length == 0 || length > kKeyBytesMax) {
    return Number(env, EINVAL);
  }
  return Number(env, call.binding->transport.AddKey(static_cast<int32_t>(id), static_cast<uint8_t*>(bytes),
                                                    static_cast<uint32_t>(length)));
}

/** inspectAnswers(flow, count): 0 or an errno */
napi_value InspectAnswers(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t id, count;
  if (!ReadInteger(env, call.arguments[0], 1, INT32_MAX, &id)) return Number(env, ESTALE);
  if (!ReadInteger(env, call.arguments[1], 0, 64, &count)) return Number(env, EINVAL);
  return Number(env, call.binding->transport.InspectAnswers(static_cast<int32_t>(id), static_cast<uint32_t>(count)));
}

napi_value Destroy(napi_env env, napi_callback_info info) {
  Call call;
  if (Begin(env, info, &call)) call.binding->Shutdown();
  return nullptr;
}

bool ReadOptions(napi_env env, napi_value array, TransportOptions* o) {
  uint32_t* const fields[] = {&o->flowsMax,      &o->undecidedMax, &o->undecidedDatagramsMax, &o->undecidedMs,
                              &o->queueMaxBytes, &o->memoryBytes,  &o->eventsMax,             &o->offload};
  const int64_t bounds[][2] = {{1, 900000},    {1, 900000},        {1, 1024},    {1, INT32_MAX},
                               {0, INT32_MAX}, {128 * 1024, 1 << 30}, {1, 1 << 20}, {0, 1}};
  return ReadNumbers(env, array, fields, bounds, 8);
}

/** Address of an ArrayBuffer of at least `bytes`, 8-byte aligned; null otherwise. */
void* ReadBuffer(napi_env env, napi_value value, size_t bytes) {
  bool is_buffer = false;
  void* data = nullptr;
  size_t length = 0;
  if (napi_is_arraybuffer(env, value, &is_buffer) != napi_ok || !is_buffer) return nullptr;
  if (napi_get_arraybuffer_info(env, value, &data, &length) != napi_ok || length < bytes) return nullptr;
  return reinterpret_cast<uintptr_t>(data) % 8 == 0 ? data : nullptr;
}

void Finalize(napi_env env, void* data, void* hint) {
  (void)env;
  (void)hint;
  static_cast<TransportBinding*>(data)->WrapperGone();
}

/** new NativeDatagramTransport(options, memory, events, totals, handler) */
napi_value Construct(napi_env env, napi_callback_info info) {
  size_t count = 5;
  napi_value arguments[5], self;
  if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok || count < 5) {
    return ThrowType(env, "five arguments are needed");
  }
  TransportOptions options;
  if (!ReadOptions(env, arguments[0], &options)) return ThrowRange(env, "a transport option is out of range");
  TransportRegions regions;
  regions.memory = static_cast<uint8_t*>(ReadBuffer(env, arguments[1], options.memoryBytes));
  regions.events = static_cast<int32_t*>(ReadBuffer(env, arguments[2], size_t{options.eventsMax} * kRecordWords * sizeof(int32_t)));
  regions.totals = static_cast<double*>(ReadBuffer(env, arguments[3], kTotals * sizeof(double)));
  if (regions.memory == nullptr || regions.events == nullptr || regions.totals == nullptr) {
    return ThrowType(env, "a shared region is missing or too small");
  }
  napi_valuetype type;
  if (napi_typeof(env, arguments[4], &type) != napi_ok || type != napi_function) {
    return ThrowType(env, "handler must be a function");
  }
  TransportBinding* binding = new (std::nothrow) TransportBinding(env, options, regions);
  if (binding == nullptr) return ThrowErrno(env, ENOMEM, "datagram transport");
  const int error = binding->Start(arguments[4], arguments + 1, 3);
  const bool wrapped = error == 0 && napi_wrap(env, self, binding, Finalize, nullptr, nullptr) == napi_ok;
  if (!wrapped) {
    binding->WrapperGone();
    return ThrowErrno(env, error != 0 ? error : ENOMEM, "datagram transport");
  }
  napi_type_tag_object(env, self, &kTransportTag);
  return self;
}

napi_property_descriptor Method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

}  // namespace

}  // namespace datagram

void InitDatagramTransport(napi_env env, napi_value exports) {
  using namespace datagram;
  const napi_property_descriptor methods[] = {
      Method("listen", Listen),
      Method("unlisten", Unlisten),
      Method("connectFlow", ConnectFlow),
      Method("refuse", OnFlow<&DatagramTransport::Refuse>),
      Method("closeFlow", OnFlow<&DatagramTransport::CloseFlow>),
      Method("addKey", AddKey),
      Method("inspectAnswers", InspectAnswers),
      Method("destroy", Destroy),
  };
  napi_value constructor;
  if (napi_define_class(env, "NativeDatagramTransport", NAPI_AUTO_LENGTH, Construct, nullptr,
                        sizeof methods / sizeof methods[0], methods, &constructor) == napi_ok) {
    napi_set_named_property(env, exports, "NativeDatagramTransport", constructor);
  }
}

}  // namespace sluice
