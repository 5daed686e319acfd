// The JavaScript class `NativeDatagramTransport`: reads and checks arguments, calls the transport, turns errno into errors.
// Called when listeners and flows begin and end, never for a datagram. See datagram-transport.ts for the contract of every method.

#include <new>

#include "../addon.h"
#include "../internet-address.h"
#include "../loop/native-class.h"
#include "transport.h"

namespace sluice {
namespace datagram {

namespace {

struct DatagramClass {
  using Transport = DatagramTransport;
  static constexpr NativeIdentity kIdentity = {
      "datagram transport", "sluice:datagram-transport", {0x3c7e1b90d2f84a65, 0x8e5d40f7196bc2a3}};
};

using Call = NativeCall<DatagramClass>;

bool ReadListenerOptions(napi_env env, napi_value array, ListenerOptions* o) {
  const NumberField fields[] = {
      {&o->flowsMax, 1, kIndexMask},
      {&o->idleMs, 1, INT32_MAX},
      {&o->amplification, 0, 1000},
      {&o->inspectFromClient, 0, 64},
      {&o->inspectFromServer, 0, 64},
      {&o->keyBytes, 0, kKeyBytesMax},
      {&o->keyOffset, 0, 1000},
      {&o->keyMask, 0, 255},
      {&o->keyValue, 0, 255},
      {&o->otherKeyOffset, 0, 1000},
      {&o->otherKeyMask, 0, 255},
      {&o->otherKeyValue, 0, 255},
  };
  return ReadNumbers(env, array, fields);
}

/** listen(descriptor, tag, options) */
napi_value Listen(napi_env env, napi_callback_info info) {
  Call call;
  int fd;
  uint16_t tag;
  ListenerOptions options = {};
  if (!call.Begin(env, info) || !ReadSocket(env, call.arguments[0], "listen", &fd) ||
      !ReadTag(env, call.arguments[1], "listen", &tag)) {
    return nullptr;
  }
  if (!ReadListenerOptions(env, call.arguments[2], &options)) return ThrowRange(env, "listen: an option is out of range");
  return call.Finish(env, call.Transport().Listen(fd, tag, options), "listen");
}

/** unlisten(tag, keepFlows, closeDescriptor) */
napi_value Unlisten(napi_env env, napi_callback_info info) {
  Call call;
  uint16_t tag;
  bool keep_flows, close_descriptor;
  if (!call.Begin(env, info) || !ReadTag(env, call.arguments[0], "unlisten", &tag)) return nullptr;
  if (!ReadBoolean(env, call.arguments[1], &keep_flows) || !ReadBoolean(env, call.arguments[2], &close_descriptor)) {
    return ThrowType(env, "unlisten: keepFlows and closeDescriptor must be booleans");
  }
  return call.Finish(env, call.Transport().Unlisten(tag, keep_flows, close_descriptor), "unlisten");
}

/** connectFlow(flow, address, port): 0 or an errno */
napi_value ConnectFlow(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  int32_t id;
  InternetAddress server;
  if (!ReadId(env, call.arguments[0], &id) || !ReadInternetAddress(env, call.arguments[1], call.arguments[2], &server)) {
    return MakeNumber(env, EINVAL);
  }
  const sockaddr* name = reinterpret_cast<const sockaddr*>(&server.storage);
  return call.Answer(env, call.Transport().ConnectFlow(id, name, server.length));
}

/** A method that takes a flow and returns 0 or an errno. */
template <int (DatagramTransport::*Action)(int32_t)>
napi_value OnFlow(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  int32_t id;
  if (!ReadId(env, call.arguments[0], &id)) return MakeNumber(env, ESTALE);
  return call.Answer(env, (call.Transport().*Action)(id));
}

/** addKey(flow, Uint8Array): 0 or an errno */
napi_value AddKey(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  int32_t id;
  bool typed = false;
  napi_typedarray_type type;
  size_t length = 0;
  void* bytes = nullptr;
  if (!ReadId(env, call.arguments[0], &id) || napi_is_typedarray(env, call.arguments[1], &typed) != napi_ok || !typed ||
      napi_get_typedarray_info(env, call.arguments[1], &type, &length, &bytes, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array || length == 0 || length > kKeyBytesMax) {
    return MakeNumber(env, EINVAL);
  }
  return MakeNumber(env, call.Transport().AddKey(id, static_cast<uint8_t*>(bytes), static_cast<uint32_t>(length)));
}

/** inspectAnswers(flow, count): 0 or an errno */
napi_value InspectAnswers(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  int32_t id;
  int64_t count;
  if (!ReadId(env, call.arguments[0], &id)) return MakeNumber(env, ESTALE);
  if (!ReadInteger(env, call.arguments[1], 0, 64, &count)) return MakeNumber(env, EINVAL);
  return MakeNumber(env, call.Transport().InspectAnswers(id, static_cast<uint32_t>(count)));
}

bool ReadOptions(napi_env env, napi_value array, TransportOptions* o) {
  const NumberField fields[] = {
      {&o->flowsMax, 1, 900000},
      {&o->undecidedMax, 1, 900000},
      {&o->undecidedDatagramsMax, 1, 1024},
      {&o->undecidedMs, 1, INT32_MAX},
      {&o->queueMaxBytes, 0, INT32_MAX},
      {&o->memoryBytes, 128 * 1024, 1 << 30},
      {&o->eventsMax, 1, 1 << 20},
      {&o->offload, 0, 1},
  };
  return ReadNumbers(env, array, fields);
}

/** new NativeDatagramTransport(options, memory, events, totals, handler) */
napi_value Construct(napi_env env, napi_callback_info info) {
  napi_value arguments[5], self;
  if (!ReadConstruction(env, info, arguments, 5, &self)) return nullptr;
  TransportOptions options;
  if (!ReadOptions(env, arguments[0], &options)) return ThrowRange(env, "a transport option is out of range");
  TransportRegions regions;
  regions.memory = static_cast<uint8_t*>(ReadBuffer(env, arguments[1], options.memoryBytes));
  regions.events = static_cast<int32_t*>(ReadBuffer(env, arguments[2], size_t{options.eventsMax} * kRecordBytes));
  regions.totals = static_cast<double*>(ReadBuffer(env, arguments[3], kTotals * sizeof(double)));
  if (regions.memory == nullptr || regions.events == nullptr || regions.totals == nullptr) {
    return ThrowType(env, "a shared region is missing or too small");
  }
  LoopBinding* binding = new (std::nothrow) TransportBinding<DatagramClass>(env, options, regions);
  return Tie(env, self, binding, DatagramClass::kIdentity, arguments[4], arguments + 1, 3);
}

}  // namespace

}  // namespace datagram

void InitDatagramTransport(napi_env env, napi_value exports) {
  using namespace datagram;
  const NativeMethod methods[] = {
      {"listen", Listen},
      {"unlisten", Unlisten},
      {"connectFlow", ConnectFlow},
      {"refuse", OnFlow<&DatagramTransport::Refuse>},
      {"closeFlow", OnFlow<&DatagramTransport::CloseFlow>},
      {"addKey", AddKey},
      {"inspectAnswers", InspectAnswers},
      {"destroy", DestroyMethod<DatagramClass>},
  };
  ExportClass(env, exports, "NativeDatagramTransport", Construct, methods);
}

}  // namespace sluice
