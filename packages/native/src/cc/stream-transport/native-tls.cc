// Arguments of the TLS methods read and checked. What is refused because of the connection's state comes back as a number: whoever
// is too late by a batch need not pay for an exception.

#include "native-tls.h"

#include <errno.h>

#include "../tls/native-tls-context.h"
#include "../tls/tls-session.h"
#include "native-call.h"

namespace sluice {

namespace {

constexpr size_t kNameCapacity = 256;
constexpr size_t kProtocolsMax = 4096;

bool ReadName(napi_env env, napi_value value, std::string* out) {
  char text[kNameCapacity];
  size_t length = 0;
  if (!ReadString(env, value, text, sizeof text, &length)) return false;
  out->assign(text, length);
  return true;
}

}  // namespace

/** (connection, context, offset, length) → 0 or errno */
napi_value StartTls(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  TlsContext* context = TlsContextOf(env, call.arguments[1]);
  if (context == nullptr || !context->IsServer()) return ThrowType(env, "startTls: a TLS context for servers is needed");
  int32_t id;
  int64_t offset, length;
  if (!ReadId(env, call.arguments[0], &id) || !ReadInteger(env, call.arguments[2], 0, UINT32_MAX, &offset) ||
      !ReadInteger(env, call.arguments[3], 0, UINT32_MAX, &length)) {
    return MakeNumber(env, EINVAL);
  }
  return call.Answer(env, call.Transport().StartTls(id, context, static_cast<uint32_t>(offset), static_cast<uint32_t>(length)));
}

/** (connection, context, serverName, sessionKey, protocols as on the wire) → 0 or errno */
napi_value StartTlsClient(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  TlsContext* context = TlsContextOf(env, call.arguments[1]);
  if (context == nullptr || context->IsServer()) return ThrowType(env, "startTlsClient: a TLS context for clients is needed");
  int32_t id;
  TlsClientWish wish;
  void* protocols = nullptr;
  size_t protocols_length = 0;
  if (!ReadId(env, call.arguments[0], &id)) return MakeNumber(env, EINVAL);
  if (!ReadName(env, call.arguments[2], &wish.serverName) || !ReadName(env, call.arguments[3], &wish.sessionKey)) {
    return ThrowRange(env, "startTlsClient: names have at most 255 bytes without NUL");
  }
  if (napi_get_buffer_info(env, call.arguments[4], &protocols, &protocols_length) != napi_ok || protocols_length > kProtocolsMax) {
    return ThrowRange(env, "startTlsClient: the list of protocols has at most 4096 bytes");
  }
  if (wish.serverName.empty() && !context->Insecure()) {
    return ThrowRange(env, "startTlsClient: without a server name there is nothing to verify; use an insecure context for that");
  }
  if (protocols_length > 0) wish.protocols.assign(static_cast<const char*>(protocols), protocols_length);
  return call.Answer(env, call.Transport().StartTlsClient(id, context, wish));
}

/** (connection) → array of Buffers, DER, the peer's own first; undefined when there are none */
napi_value PeerCertificates(napi_env env, napi_callback_info info) {
  Call call;
  if (!call.Begin(env, info)) return nullptr;
  int32_t id;
  if (!ReadId(env, call.arguments[0], &id)) return nullptr;
  const TlsSession* session = call.Transport().FindTls(id);
  if (session == nullptr || !session->PeerHasCertificate()) return nullptr;
  napi_value result;
  if (napi_create_array(env, &result) != napi_ok) return nullptr;
  uint32_t index = 0;
  for (const std::string& certificate : session->PeerCertificates()) {
    napi_value buffer;
    if (napi_create_buffer_copy(env, certificate.size(), certificate.data(), nullptr, &buffer) != napi_ok) return nullptr;
    napi_set_element(env, result, index++, buffer);
  }
  return result;
}

}  // namespace sluice
