// Options into an SSL_CTX. What is set for every context, whatever the options: no renegotiation, no compression, decrypted bytes
// wiped from OpenSSL's own buffers, its buffers given back while a connection is idle, no session cache inside OpenSSL.

#include "tls-context.h"

#include <string.h>

#include <algorithm>
#include <new>
#include <utility>

#include "tls-credentials.h"
#include "tls-reason.h"

namespace sluice {

namespace {

constexpr uint64_t kOptions = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT |
                              SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
/** Writes return after each record, which bounds a step; the bytes may have moved to the queue when a write is repeated. */
constexpr long kModes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;

bool Refuse(std::string* problem, const char* what) {
  char reason[kReasonBytes];
  TakeReason(reason, sizeof reason, "not accepted");
  *problem = std::string(what) + ": " + reason;
  return false;
}

int AcceptAnyone(X509_STORE_CTX* store, void*) {
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

bool Offers(const unsigned char* offered, size_t offered_length, const std::string& name) {
  for (size_t at = 0; at < offered_length; at += size_t{1} + offered[at]) {
    const size_t length = offered[at];
    if (at + 1 + length > offered_length) return false;
    if (length == name.size() && memcmp(offered + at + 1, name.data(), length) == 0) return true;
  }
  return false;
}

bool ApplyVersions(SSL_CTX* context, const TlsContextOptions& options, std::string* problem) {
  if (SSL_CTX_set_min_proto_version(context, options.minVersion) != 1) return Refuse(problem, "lowest version");
  if (SSL_CTX_set_max_proto_version(context, options.maxVersion) != 1) return Refuse(problem, "highest version");
  if (options.securityLevel >= 0) SSL_CTX_set_security_level(context, options.securityLevel);
  if (!options.ciphers.empty() && SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) != 1) return Refuse(problem, "cipher list");
  if (!options.suites.empty() && SSL_CTX_set_ciphersuites(context, options.suites.c_str()) != 1) return Refuse(problem, "TLS 1.3 suites");
  if (!options.groups.empty() && SSL_CTX_set1_groups_list(context, options.groups.c_str()) != 1) return Refuse(problem, "groups");
  return true;
}

void ApplyVerification(SSL_CTX* context, const TlsContextOptions& options) {
  if (!options.server) {
    SSL_CTX_set_verify(context, options.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    return;
  }
  const ClientCertificates mode = options.clientCertificates;
  if (mode == ClientCertificates::kNone) return;
  const bool required = mode == ClientCertificates::kRequireAny || mode == ClientCertificates::kRequireAndVerify;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  const bool unverified = mode == ClientCertificates::kRequest || mode == ClientCertificates::kRequireAny;
  if (unverified) SSL_CTX_set_cert_verify_callback(context, AcceptAnyone, nullptr);
}

/**
 * A ticket from a context that asks less of its clients must not open one that asks more, whoever shares the keys: what is asked
 * goes into the scope.
 */
bool ApplySessionScope(SSL_CTX* context, const TlsContextOptions& options) {
  EVP_MD_CTX* hash = EVP_MD_CTX_new();
  uint8_t digest[SHA256_DIGEST_LENGTH];
  const uint8_t mode = static_cast<uint8_t>(options.clientCertificates);
  bool fine = hash != nullptr && EVP_DigestInit_ex(hash, EVP_sha256(), nullptr) == 1 && EVP_DigestUpdate(hash, &mode, 1) == 1;
  const auto add = [&](const std::string& text) {
    const uint64_t length = text.size();
    fine = fine && EVP_DigestUpdate(hash, &length, sizeof length) == 1 && EVP_DigestUpdate(hash, text.data(), text.size()) == 1;
  };
  add(options.sessionScope);
  for (const std::string& authority : options.authorities) add(authority);
  fine = fine && EVP_DigestFinal_ex(hash, digest, nullptr) == 1;
  EVP_MD_CTX_free(hash);
  return fine && SSL_CTX_set_session_id_context(context, digest, sizeof digest) == 1;
}

}  // namespace

std::string ProtocolListBytes(const std::vector<std::string>& protocols) {
  std::string bytes;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255) return std::string();
    bytes.push_back(static_cast<char>(protocol.size()));
    bytes += protocol;
  }
  return bytes;
}

TlsContext::TlsContext(const TlsContextOptions& options, OwnedContext context)
    : context_(std::move(context)),
      protocols_(options.protocols),
      tolerated_(options.toleratedProtocols),
      any_protocol_(options.anyProtocol),
      sessions_(options.sessionsMax),
      server_(options.server),
      insecure_(options.insecure),
      any_name_(options.anyName) {}

TlsContext* TlsContext::Make(const TlsContextOptions& options, std::string* problem) {
  if (!FitsLibrary()) {
    *problem = std::string("the addon was built for OpenSSL " OPENSSL_VERSION_STR ", this Node has ") + OpenSSL_version(OPENSSL_VERSION_STRING);
    return nullptr;
  }
  ERR_clear_error();
  OwnedContext raw(SSL_CTX_new(options.server ? TLS_server_method() : TLS_client_method()));
  if (raw == nullptr) {
    Refuse(problem, "TLS context");
    return nullptr;
  }
  TlsContext* context = new (std::nothrow) TlsContext(options, std::move(raw));
  if (context == nullptr) {
    *problem = "out of memory";
  } else if (!context->Apply(options, problem)) {
    context->Release();
    context = nullptr;
  }
  ERR_clear_error();
  return context;
}

bool TlsContext::Apply(const TlsContextOptions& options, std::string* problem) {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_options(context, kOptions);
  SSL_CTX_set_mode(context, kModes);
  SSL_CTX_set_read_ahead(context, 1);
  if (!ApplyVersions(context, options, problem)) return false;
  for (size_t i = 0; i < options.certificates.size(); i++) {
    if (!UseCertificate(context, options.certificates[i], "certificate " + std::to_string(i + 1), problem)) return false;
    X509* leaf = SSL_CTX_get0_certificate(context);
    X509_up_ref(leaf);
    staples_.Add(OwnedCertificate(leaf));
  }
  if (server_) {
    SSL_CTX_set_tlsext_status_cb(context, OnStatus);
    SSL_CTX_set_tlsext_status_arg(context, this);
  }
  if (!UseAuthorities(context, options.authorities, options.server, problem)) return false;
  ApplyVerification(context, options);
  if (!ApplyProtocols(problem)) return false;
  if (!ApplySessionScope(context, options) || !ApplyTickets(options)) return Refuse(problem, "sessions");
  return true;
}

bool TlsContext::ApplyProtocols(std::string* problem) {
  if (protocols_.empty() && !any_protocol_) return true;
  const std::string bytes = ProtocolListBytes(protocols_);
  if (bytes.empty() != protocols_.empty() || bytes.size() > 0xffff) {
    *problem = "protocols: a name has 1 to 255 bytes, all together at most 65535";
    return false;
  }
  if (server_) {
    SSL_CTX_set_alpn_select_cb(context_.get(), OnSelectProtocol, this);
    return true;
  }
  const unsigned char* start = reinterpret_cast<const unsigned char*>(bytes.data());
  // Unlike everything else, 0 is success here.
  if (SSL_CTX_set_alpn_protos(context_.get(), start, static_cast<unsigned>(bytes.size())) != 0) return Refuse(problem, "protocols");
  return true;
}

bool TlsContext::ApplyTickets(const TlsContextOptions& options) {
  SSL_CTX* context = context_.get();
  if (!server_) {
    SSL_CTX_set_session_cache_mode(context, options.sessionsMax == 0 ? SSL_SESS_CACHE_OFF
                                                                     : SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    return true;
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (options.tickets) return SSL_CTX_set_tlsext_ticket_key_evp_cb(context, OnTicket) == 1;
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  // Without this TLS 1.3 would give out tickets that refer to a cache.
  return SSL_CTX_set_num_tickets(context, 0) == 1;
}

int TlsContext::ProtocolIndex(const unsigned char* name, size_t length) const {
  for (size_t i = 0; i < protocols_.size(); i++) {
    if (protocols_[i].size() == length && memcmp(protocols_[i].data(), name, length) == 0) return static_cast<int>(i);
  }
  return -1;
}

/** RFC 7301 §3.2: our preference decides; nothing in common ends the handshake with no_application_protocol, or leaves it to the client. */
int TlsContext::OnSelectProtocol(SSL*, const unsigned char** out, unsigned char* length, const unsigned char* offered,
                                 unsigned int offered_length, void* self) {
  const TlsContext* context = static_cast<const TlsContext*>(self);
  for (const std::string& protocol : context->protocols_) {
    if (!Offers(offered, offered_length, protocol)) continue;
    *out = reinterpret_cast<const unsigned char*>(protocol.data());
    *length = static_cast<unsigned char>(protocol.size());
    return SSL_TLSEXT_ERR_OK;
  }
  for (const std::string& protocol : context->tolerated_) {
    if (Offers(offered, offered_length, protocol)) return SSL_TLSEXT_ERR_NOACK;
  }
  if (context->any_protocol_ && offered_length > 1 && offered[0] > 0 && offered[0] < offered_length) {
    *out = offered + 1;
    *length = offered[0];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int TlsContext::OnStatus(SSL* ssl, void* self) { return static_cast<TlsContext*>(self)->staples_.Attach(ssl); }

int TlsContext::OnTicket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypt) {
  TlsContext* context = static_cast<TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const int result = context->tickets_.Prepare(name, iv, cipher, mac, encrypt != 0);
  // A client uses a ticket of TLS 1.3 once (RFC 8446 appendix C.4): without a new one every second handshake would be a full one.
  return result == 1 && encrypt == 0 && SSL_version(ssl) == TLS1_3_VERSION ? 2 : result;
}

}  // namespace sluice
