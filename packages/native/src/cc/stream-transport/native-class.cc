// The JavaScript class `NativeStreamTransport`: reads and checks arguments, calls the transport, turns errno into errors.
// Cold calls only, apart from flush() and nextBatch().

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <new>

#include "../addon.h"
#include "../napi-helpers.h"
#include "binding.h"
#include "native-call.h"
#include "native-tls.h"

namespace sluice {

namespace {

constexpr size_t kAddressCapacity = 128;

napi_value Flush(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  call.binding->transport.Flush();
  call.binding->driver.Reschedule();
  return nullptr;
}

napi_value NextBatch(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  return Number(env, static_cast<int32_t>(call.binding->transport.NextBatch()));
}

napi_value Listen(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t fd, tag, limit;
  if (!ReadInteger(env, call.arguments[0], 0, INT32_MAX, &fd)) return ThrowRange(env, "listen: no such descriptor");
  if (!ReadInteger(env, call.arguments[1], 1, 65535, &tag)) return ThrowRange(env, "listen: tag must be 1 to 65535");
  if (!ReadInteger(env, call.arguments[2], 0, UINT32_MAX, &limit)) {
    return ThrowRange(env, "listen: connectionsMax must be 0 (no limit) to 4294967295");
  }
  const int error = call.binding->transport.Listen(static_cast<int>(fd), static_cast<uint16_t>(tag),
                                                   static_cast<uint32_t>(limit));
  if (error != 0) return ThrowErrno(env, error, "listen");
  call.binding->driver.Reschedule();
  return nullptr;
}

napi_value Unlisten(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t tag;
  bool close_descriptor;
  if (!ReadInteger(env, call.arguments[0], 1, 65535, &tag)) return ThrowRange(env, "unlisten: tag must be 1 to 65535");
  if (!ReadBoolean(env, call.arguments[1], &close_descriptor)) {
    return ThrowType(env, "unlisten: closeDescriptor must be a boolean");
  }
  const int error = call.binding->transport.Unlisten(static_cast<uint16_t>(tag), close_descriptor);
  if (error != 0) return ThrowErrno(env, error, "unlisten");
  call.binding->driver.Reschedule();
  return nullptr;
}

/** Literal IPv4 or IPv6 address, the latter with an optional %scope (interface name or index). */
bool ParseAddress(char* text, uint16_t port, sockaddr_storage* out, socklen_t* length) {
  memset(out, 0, sizeof *out);
  sockaddr_in* v4 = reinterpret_cast<sockaddr_in*>(out);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    *length = sizeof *v4;
    return true;
  }
  sockaddr_in6* v6 = reinterpret_cast<sockaddr_in6*>(out);
  char* scope = strchr(text, '%');
  if (scope != nullptr) {
    *scope++ = 0;
    char* end = nullptr;
    const unsigned long number = strtoul(scope, &end, 10);
    const bool numeric = *scope >= '0' && *scope <= '9' && *end == 0 && number <= UINT32_MAX;
    v6->sin6_scope_id = numeric ? static_cast<uint32_t>(number) : if_nametoindex(scope);
    if (v6->sin6_scope_id == 0) return false;
  }
  if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  *length = sizeof *v6;
  return true;
}

napi_value ConnectTo(napi_env env, TransportBinding* binding, const sockaddr* address, socklen_t length) {
  int32_t id = 0;
  const int error = binding->transport.Connect(address, length, &id);
  if (error != 0) return ThrowErrno(env, error, "connect");
  binding->driver.Reschedule();
  return Number(env, id);
}

napi_value Connect(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  char text[kAddressCapacity];
  size_t text_length;
  int64_t port;
  sockaddr_storage address;
  socklen_t length;
  if (!ReadInteger(env, call.arguments[1], 1, 65535, &port)) return ThrowRange(env, "connect: port must be 1 to 65535");
  if (!ReadString(env, call.arguments[0], text, sizeof text, &text_length) ||
      !ParseAddress(text, static_cast<uint16_t>(port), &address, &length)) {
    return ThrowErrno(env, EINVAL, "connect: not a literal IPv4 or IPv6 address");
  }
  return ConnectTo(env, call.binding, reinterpret_cast<sockaddr*>(&address), length);
}

napi_value ConnectUnix(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  size_t length;
  if (!ReadString(env, call.arguments[0], address.sun_path, sizeof address.sun_path, &length) || length == 0) {
    return ThrowErrno(env, ENAMETOOLONG, "connect: a Unix socket path has 1 to 107 bytes without NUL");
  }
  return ConnectTo(env, call.binding, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

napi_value Adopt(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t fd;
  if (!ReadInteger(env, call.arguments[0], 0, INT32_MAX, &fd)) return ThrowRange(env, "adopt: no such descriptor");
  int32_t id = 0;
  const int error = call.binding->transport.Adopt(static_cast<int>(fd), &id);
  if (error != 0) return ThrowErrno(env, error, "adopt");
  call.binding->driver.Reschedule();
  return Number(env, id);
}

napi_value ListenMailbox(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t fd, tag;
  if (!ReadInteger(env, call.arguments[0], 0, INT32_MAX, &fd)) return ThrowRange(env, "listenMailbox: no such descriptor");
  if (!ReadInteger(env, call.arguments[1], 1, 65535, &tag)) {
    return ThrowRange(env, "listenMailbox: tag must be 1 to 65535");
  }
  const int error = call.binding->transport.ListenMailbox(static_cast<int>(fd), static_cast<uint16_t>(tag));
  if (error != 0) return ThrowErrno(env, error, "listenMailbox");
  call.binding->driver.Reschedule();
  return nullptr;
}

/** Returns 0 or an errno: whoever is refused goes on with the connection, and need not pay for an exception. */
napi_value HandOver(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t id, mailbox, offset, tag;
  if (!ReadInteger(env, call.arguments[0], 1, INT32_MAX, &id) ||
      !ReadInteger(env, call.arguments[1], 0, INT32_MAX, &mailbox) ||
      !ReadInteger(env, call.arguments[2], 0, UINT32_MAX, &offset) ||
      !ReadInteger(env, call.arguments[3], 1, 65535, &tag)) {
    return Number(env, EINVAL);
  }
  return Number(env, call.binding->transport.HandOver(static_cast<int32_t>(id), static_cast<int>(mailbox),
                                                      static_cast<uint32_t>(offset), static_cast<uint16_t>(tag)));
}

/** `{ address, port }`, or undefined for a dead id; Unix sockets have an empty address and port 0. */
napi_value LocalAddress(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t id;
  sockaddr_storage address = {};
  socklen_t length;
  if (!ReadInteger(env, call.arguments[0], 1, INT32_MAX, &id) ||
      call.binding->transport.LocalAddress(static_cast<int32_t>(id), &address, &length) != 0) {
    return nullptr;
  }
  char text[INET6_ADDRSTRLEN] = "";
  uint16_t port = 0;
  if (address.ss_family == AF_INET) {
    const sockaddr_in* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    port = ntohs(v4->sin_port);
  } else if (address.ss_family == AF_INET6) {
    const sockaddr_in6* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    }
    port = ntohs(v6->sin6_port);
  }
  napi_value result, text_value;
  if (napi_create_object(env, &result) != napi_ok ||
      napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &text_value) != napi_ok) {
    return nullptr;
  }
  napi_set_named_property(env, result, "address", text_value);
  napi_set_named_property(env, result, "port", Number(env, port));
  return result;
}

/** A method that reads one count of a live connection; -1 for a dead id. */
template <int (StreamTransport::*Count)(int32_t, uint64_t*) const>
napi_value CountOf(napi_env env, napi_callback_info info) {
  Call call;
  if (!Begin(env, info, &call)) return nullptr;
  int64_t id;
  uint64_t bytes = 0;
  const bool live = ReadInteger(env, call.arguments[0], 1, INT32_MAX, &id) &&
                    (call.binding->transport.*Count)(static_cast<int32_t>(id), &bytes) == 0;
  napi_value number;
  return napi_create_double(env, live ? static_cast<double>(bytes) : -1, &number) == napi_ok ? number : nullptr;
}

napi_value Destroy(napi_env env, napi_callback_info info) {
  Call call;
  if (Begin(env, info, &call)) call.binding->Shutdown();
  return nullptr;
}

/** The nine numbers of TransportOptions in their order, as an array. */
bool ReadOptions(napi_env env, napi_value array, TransportOptions* options) {
  uint32_t* fields[] = {&options->connectionsMax, &options->receivePoolBytes, &options->receiveMaxBytes, &options->arenaBytes,
                        &options->queueMaxBytes,  &options->eventsMax,        &options->commandsMax};
  const int64_t maxima[] = {kConnectionsMax, 1 << 30, 1 << 24, 1 << 30, INT32_MAX, 1 << 20, 1 << 20};
  for (uint32_t i = 0; i < 7; i++) {
    napi_value value;
    int64_t number;
    if (napi_get_element(env, array, i, &value) != napi_ok || !ReadInteger(env, value, 1, maxima[i], &number)) return false;
    *fields[i] = static_cast<uint32_t>(number);
  }
  napi_value value;
  int64_t high;
  if (napi_get_element(env, array, 7, &value) != napi_ok || !ReadInteger(env, value, 1, (int64_t{1} << 53) - 1, &high)) return false;
  options->queuedMemoryHigh = static_cast<uint64_t>(high);
  int64_t accepted;
  if (napi_get_element(env, array, 8, &value) != napi_ok || !ReadInteger(env, value, 0, kConnectionsMax, &accepted)) return false;
  options->acceptedMax = static_cast<uint32_t>(accepted);
  return options->receiveMaxBytes <= options->receivePoolBytes && options->receivePoolBytes >= kPeerRecordBytes;
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

/** new NativeStreamTransport(options, memory, events, commands, queuedBytes, header, handler) */
napi_value Construct(napi_env env, napi_callback_info info) {
  size_t count = 7;
  napi_value arguments[7], self;
  if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok || count < 7) {
    return ThrowType(env, "seven arguments are needed");
  }
  TransportOptions options;
  if (!ReadOptions(env, arguments[0], &options)) return ThrowRange(env, "a transport option is out of range");
  TransportRegions regions;
  const size_t record = kRecordWords * sizeof(int32_t);
  regions.memory = static_cast<uint8_t*>(ReadBuffer(env, arguments[1], size_t{options.receivePoolBytes} + options.arenaBytes));
  regions.events = static_cast<int32_t*>(ReadBuffer(env, arguments[2], options.eventsMax * record));
  regions.commands = static_cast<int32_t*>(ReadBuffer(env, arguments[3], options.commandsMax * record));
  regions.queuedBytes = static_cast<uint32_t*>(ReadBuffer(env, arguments[4], options.connectionsMax * sizeof(uint32_t)));
  regions.header = static_cast<int32_t*>(ReadBuffer(env, arguments[5], kHeaderWords * sizeof(int32_t)));
  napi_valuetype type;
  if (regions.memory == nullptr || regions.events == nullptr || regions.commands == nullptr ||
      regions.queuedBytes == nullptr || regions.header == nullptr) {
    return ThrowType(env, "a shared region is missing or too small");
  }
  if (napi_typeof(env, arguments[6], &type) != napi_ok || type != napi_function) {
    return ThrowType(env, "handler must be a function");
  }
  TransportBinding* binding = new (std::nothrow) TransportBinding(env, options, regions);
  if (binding == nullptr) return ThrowErrno(env, ENOMEM, "stream transport");
  const int error = binding->Start(arguments[6], arguments + 1, 5);
  const bool wrapped = error == 0 && napi_wrap(env, self, binding, Finalize, nullptr, nullptr) == napi_ok;
  if (!wrapped) {
    binding->WrapperGone();
    return ThrowErrno(env, error != 0 ? error : ENOMEM, "stream transport");
  }
  napi_type_tag_object(env, self, &kTransportTag);
  return self;
}

napi_property_descriptor Method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

}  // namespace

void InitStreamTransport(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      Method("flush", Flush),     Method("nextBatch", NextBatch),
      Method("listen", Listen),   Method("unlisten", Unlisten),
      Method("connect", Connect), Method("connectUnix", ConnectUnix), Method("adopt", Adopt),
      Method("destroy", Destroy), Method("localAddress", LocalAddress),
      Method("listenMailbox", ListenMailbox), Method("handOver", HandOver),
      Method("receivedBytes", CountOf<&StreamTransport::ReceivedBytes>),
      Method("sentBytes", CountOf<&StreamTransport::SentBytes>),
      Method("takenBytes", CountOf<&StreamTransport::TakenBytes>),
      Method("startTls", StartTls), Method("startTlsClient", StartTlsClient),
      Method("peerCertificates", PeerCertificates),
  };
  napi_value constructor;
  if (napi_define_class(env, "NativeStreamTransport", NAPI_AUTO_LENGTH, Construct, nullptr,
                        sizeof methods / sizeof methods[0], methods, &constructor) == napi_ok) {
    napi_set_named_property(env, exports, "NativeStreamTransport", constructor);
  }
}

}  // namespace sluice
