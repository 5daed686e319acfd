// The JavaScript class `NativeStreamTransport`: reads and checks arguments, calls the transport, turns errno into errors.
// Cold calls only, apart from flush() and nextBatch(). See stream-transport.ts for the contract of every method.

#include <sys/un.h>

#include <new>

#include "../addon.h"
#include "../arguments.h"
#include "native-call.h"
#include "native-tls.h"

namespace sluice {

namespace {

napi_value Flush(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  call.Transport().Flush();
  return call.Finish(env, 0, "flush");
}

napi_value NextBatch(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  return MakeNumber(env, static_cast<int32_t>(call.Transport().NextBatch()));
}

napi_value Listen(napi_env env, napi_callback_info info) {
  Call call;
  int fd;
  uint16_t tag;
  int64_t limit;
  if (!call.Begin(env, info) || !ReadSocket(env, call.arguments[0], "listen", &fd) ||
      !ReadTag(env, call.arguments[1], "listen", &tag)) {
    return nullptr;
  }
  if (!ReadInteger(env, call.arguments[2], 0, UINT32_MAX, &limit)) {
    return ThrowRange(env, "listen: connectionsMax must be 0 (no limit) to 4294967295");
  }
  return call.Finish(env, call.Transport().Listen(fd, tag, static_cast<uint32_t>(limit)), "listen");
}

napi_value Unlisten(napi_env env, napi_callback_info info) {
  Call call;
  uint16_t tag;
  bool close_descriptor;
  if (!call.Begin(env, info) || !ReadTag(env, call.arguments[0], "unlisten", &tag)) return nullptr;
  if (!ReadBoolean(env, call.arguments[1], &close_descriptor)) {
    return ThrowType(env, "unlisten: closeDescriptor must be a boolean");
  }
  return call.Finish(env, call.Transport().Unlisten(tag, close_descriptor), "unlisten");
}

napi_value ConnectTo(napi_env env, Call& call, const void* address, socklen_t length, bool speaks_first) {
  int32_t id = 0;
  const int error = call.Transport().Connect(static_cast<const sockaddr*>(address), length, speaks_first, &id);
  return error != 0 ? ThrowErrno(env, error, "connect") : call.Answer(env, id);
}

napi_value Connect(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  int64_t port;
  InternetAddress address;
  if (!ReadInteger(env, call.arguments[1], 1, 65535, &port)) return ThrowRange(env, "connect: port must be 1 to 65535");
  if (!ReadInternetAddress(env, call.arguments[0], call.arguments[1], &address)) {
    return ThrowErrno(env, EINVAL, "connect: not a literal IPv4 or IPv6 address");
  }
  bool speaks_first;
  if (!ReadBoolean(env, call.arguments[2], &speaks_first)) return ThrowType(env, "connect: speaksFirst must be a boolean");
  return ConnectTo(env, call, &address.storage, address.length, speaks_first);
}

napi_value ConnectUnix(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  size_t length;
  if (!ReadString(env, call.arguments[0], address.sun_path, sizeof address.sun_path, &length) || length == 0) {
    return ThrowErrno(env, ENAMETOOLONG, "connect: a Unix socket path has 1 to 107 bytes without NUL");
  }
  return ConnectTo(env, call, &address, sizeof address, false);
}

napi_value Adopt(napi_env env, napi_callback_info info) {
  Call call;
  int fd;
  if (!call.Begin(env, info) || !ReadSocket(env, call.arguments[0], "adopt", &fd)) return nullptr;
  int32_t id = 0;
  const int error = call.Transport().Adopt(fd, &id);
  return error != 0 ? ThrowErrno(env, error, "adopt") : call.Answer(env, id);
}

napi_value ListenMailbox(napi_env env, napi_callback_info info) {
  Call call;
  int fd;
  uint16_t tag;
  if (!call.Begin(env, info) || !ReadSocket(env, call.arguments[0], "listenMailbox", &fd) ||
      !ReadTag(env, call.arguments[1], "listenMailbox", &tag)) {
    return nullptr;
  }
  return call.Finish(env, call.Transport().ListenMailbox(fd, tag), "listenMailbox");
}

/** Returns 0 or an errno: whoever is refused goes on with the connection, and need not pay for an exception. */
napi_value HandOver(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  int32_t id;
  int64_t mailbox, offset, tag;
  if (!ReadId(env, call.arguments[0], &id) || !ReadInteger(env, call.arguments[1], 0, INT32_MAX, &mailbox) ||
      !ReadInteger(env, call.arguments[2], 0, UINT32_MAX, &offset) ||
      !ReadInteger(env, call.arguments[3], 1, 65535, &tag)) {
    return MakeNumber(env, EINVAL);
  }
  return MakeNumber(env, call.Transport().HandOver(id, static_cast<int>(mailbox), static_cast<uint32_t>(offset),
                                                   static_cast<uint16_t>(tag)));
}

/** `{ address, port }`, or undefined for a dead id; Unix sockets have an empty address and port 0. */
napi_value LocalAddress(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  int32_t id;
  sockaddr_storage address = {};
  socklen_t length;
  if (!ReadId(env, call.arguments[0], &id) || call.Transport().LocalAddress(id, &address, &length) != 0) return nullptr;
  char text[kHostBytes] = "";
  int port = 0;
  if (address.ss_family != AF_UNIX) {
    MakePlain(&address);
    DescribeInternet(address, text, sizeof text, &port);
  }
  napi_value result;
  const bool made = napi_create_object(env, &result) == napi_ok && SetString(env, result, "address", text) &&
                    SetNumber(env, result, "port", port);
  return made ? result : nullptr;
}

/** A method that reads one count of a live connection; -1 for a dead id. */
template <int (StreamTransport::*Count)(int32_t, uint64_t*) const>
napi_value CountOf(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  int32_t id;
  uint64_t bytes = 0;
  const bool live = ReadId(env, call.arguments[0], &id) && (call.Transport().*Count)(id, &bytes) == 0;
  napi_value number;
  return napi_create_double(env, live ? static_cast<double>(bytes) : -1, &number) == napi_ok ? number : nullptr;
}

bool ReadOptions(napi_env env, napi_value array, TransportOptions* o) {
  const NumberField fields[] = {
      {&o->connectionsMax, 1, kConnectionsMax},
      {&o->receivePoolBytes, 1, 1 << 30},
      {&o->receiveMaxBytes, 1, 1 << 24},
      {&o->arenaBytes, 1, 1 << 30},
      {&o->queueMaxBytes, 1, INT32_MAX},
      {&o->eventsMax, 1, 1 << 20},
      {&o->commandsMax, 1, 1 << 20},
      {&o->acceptedMax, 0, kConnectionsMax},
  };
  napi_value value;
  int64_t high;
  if (!ReadNumbers(env, array, fields) || napi_get_element(env, array, sizeof fields / sizeof fields[0], &value) != napi_ok ||
      !ReadInteger(env, value, 1, (int64_t{1} << 53) - 1, &high)) {
    return false;
  }
  o->queuedMemoryHigh = static_cast<uint64_t>(high);
  return o->receiveMaxBytes <= o->receivePoolBytes && o->receivePoolBytes >= kPeerRecordBytes;
}

/** new NativeStreamTransport(options, memory, events, commands, queuedBytes, header, handler) */
napi_value Construct(napi_env env, napi_callback_info info) {
  napi_value arguments[7], self;
  if (!ReadConstruction(env, info, arguments, 7, &self)) return nullptr;
  TransportOptions options;
  if (!ReadOptions(env, arguments[0], &options)) return ThrowRange(env, "a transport option is out of range");
  TransportRegions regions;
  regions.memory = static_cast<uint8_t*>(ReadBuffer(env, arguments[1], size_t{options.receivePoolBytes} + options.arenaBytes));
  regions.events = static_cast<int32_t*>(ReadBuffer(env, arguments[2], options.eventsMax * kRecordBytes));
  regions.commands = static_cast<int32_t*>(ReadBuffer(env, arguments[3], options.commandsMax * kRecordBytes));
  regions.queuedBytes = static_cast<uint32_t*>(ReadBuffer(env, arguments[4], options.connectionsMax * sizeof(uint32_t)));
  regions.header = static_cast<int32_t*>(ReadBuffer(env, arguments[5], kHeaderWords * sizeof(int32_t)));
  if (regions.memory == nullptr || regions.events == nullptr || regions.commands == nullptr ||
      regions.queuedBytes == nullptr || regions.header == nullptr) {
    return ThrowType(env, "a shared region is missing or too small");
  }
  LoopBinding* binding = new (std::nothrow) TransportBinding<StreamClass>(env, options, regions);
  return Tie(env, self, binding, StreamClass::kIdentity, arguments[6], arguments + 1, 5);
}

}  // namespace

void InitStreamTransport(napi_env env, napi_value exports) {
  const NativeMethod methods[] = {
      {"flush", Flush},
      {"nextBatch", NextBatch},
      {"listen", Listen},
      {"unlisten", Unlisten},
      {"connect", Connect},
      {"connectUnix", ConnectUnix},
      {"adopt", Adopt},
      {"listenMailbox", ListenMailbox},
      {"handOver", HandOver},
      {"localAddress", LocalAddress},
      {"receivedBytes", CountOf<&StreamTransport::ReceivedBytes>},
      {"sentBytes", CountOf<&StreamTransport::SentBytes>},
      {"takenBytes", CountOf<&StreamTransport::TakenBytes>},
      {"unreadBytes", CountOf<&StreamTransport::UnreadBytes>},
      {"startTls", StartTls},
      {"startTlsClient", StartTlsClient},
      {"peerCertificates", PeerCertificates},
      {"destroy", DestroyMethod<StreamClass>},
  };
  ExportClass(env, exports, "NativeStreamTransport", Construct, methods);
}

}  // namespace sluice
