// OpenSSL's calls and what their results mean. The error queue is empty before each call, as it belongs to the thread and not to us.
// Touches no socket: that is the wire's part.

#include "tls-session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <new>
#include <utility>

namespace sluice {

namespace {

/**
 * Key updates, tickets, alerts and attempts to renegotiate that a peer may send after the handshake, beyond those that go with the
 * amount of data: each costs us work and moves nothing.
 */
constexpr uint32_t kMessagesMax = 64;
constexpr uint64_t kBytesPerMessage = 256 * 1024;

bool IsAddress(const std::string& name) {
  uint8_t out[sizeof(in6_addr)];
  return inet_pton(AF_INET, name.c_str(), out) == 1 || inet_pton(AF_INET6, name.c_str(), out) == 1;
}

}  // namespace

TlsSession* TlsSession::MakeServer(TlsContext* context, const uint8_t* first, size_t first_length) {
  std::unique_ptr<TlsSession> session(new (std::nothrow) TlsSession(context));
  if (session == nullptr || !session->Open()) return nullptr;
  if (first_length > 0) {
    session->wire.first.reset(new (std::nothrow) uint8_t[first_length]);
    if (session->wire.first == nullptr) return nullptr;
    memcpy(session->wire.first.get(), first, first_length);
    session->wire.firstLength = first_length;
  }
  SSL_set_accept_state(session->ssl_);
  return session.release();
}

TlsSession* TlsSession::MakeClient(TlsContext* context, const TlsClientWish& wish) {
  std::unique_ptr<TlsSession> session(new (std::nothrow) TlsSession(context));
  if (session == nullptr || !session->Open() || !session->OpenClient(wish)) return nullptr;
  SSL_set_connect_state(session->ssl_);
  return session.release();
}

TlsSession::~TlsSession() {
  if (ssl_ != nullptr) {
    // OpenSSL makes a session unusable for resumption when its connection was not shut down in both directions.
    if (failure == TlsFailure::kNone || failure == TlsFailure::kTruncated) {
      SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    SSL_free(ssl_);
  }
  context_->Release();
}

bool TlsSession::Open() {
  ERR_clear_error();
  ssl_ = SSL_new(context_->Get());
  if (ssl_ == nullptr) return false;
  SSL_set_app_data(ssl_, this);
  BIO* bio = NewWireBio(&wire);
  if (bio == nullptr) return false;
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_msg_callback(ssl_, OnMessage);
  SSL_set_msg_callback_arg(ssl_, this);
  return true;
}

bool TlsSession::OpenClient(const TlsClientWish& wish) {
  session_key_ = wish.sessionKey;
  protocols_ = wish.protocols;
  if (!protocols_.empty() && SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(protocols_.data()),
                                                 static_cast<unsigned>(protocols_.size())) != 0) {
    return false;
  }
  if (!wish.serverName.empty()) {
    const bool address = IsAddress(wish.serverName);
    // RFC 6066 §3: an address is no server name.
    if (!address && SSL_set_tlsext_host_name(ssl_, wish.serverName.c_str()) != 1) return false;
    SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const int set = context_->AnyName() ? 1
                    : address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), wish.serverName.c_str())
                              : SSL_set1_host(ssl_, wish.serverName.c_str());
    if (set != 1) return false;
  }
  if (session_key_.empty()) return true;
  const OwnedSslSession known = context_->Sessions().Take(session_key_);
  if (known != nullptr) SSL_set_session(ssl_, known.get());
  SSL_CTX_sess_set_new_cb(context_->Get(), OnNewSession);
  return true;
}

TlsStep TlsSession::Handshake() {
  if (error != 0) return TlsStep::kFailed;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    established_ = true;
    return TlsStep::kDone;
  }
  return Explain(result);
}

TlsStep TlsSession::Read(uint8_t* buffer, size_t length, size_t* count) {
  if (error != 0) return TlsStep::kFailed;
  ERR_clear_error();
  readWantsWrite = false;
  const int result = SSL_read_ex(ssl_, buffer, length, count);
  if (result == 1) {
    received_ += *count;
    return TlsStep::kDone;
  }
  const TlsStep step = Explain(result);
  readWantsWrite = step == TlsStep::kWantWrite;
  return step;
}

TlsStep TlsSession::Write(const uint8_t* bytes, size_t length, size_t* count) {
  if (error != 0) return TlsStep::kFailed;
  ERR_clear_error();
  const int result = SSL_write_ex(ssl_, bytes, length, count);
  return result == 1 ? TlsStep::kDone : Explain(result);
}

TlsStep TlsSession::CloseNotify() {
  if (closeNotifySent || !established_ || error != 0) return TlsStep::kDone;
  ERR_clear_error();
  const int result = SSL_shutdown(ssl_);
  if (result < 0 && SSL_get_error(ssl_, result) == SSL_ERROR_WANT_WRITE && wire.writeError == 0) return TlsStep::kWantWrite;
  closeNotifySent = true;
  return TlsStep::kDone;
}

TlsStep TlsSession::Explain(int result) {
  const int kind = SSL_get_error(ssl_, result);
  if (talkative_) return Fail(TlsFailure::kProtocol, EPROTO, "too many messages of the protocol itself without data");
  if (kind == SSL_ERROR_WANT_WRITE) {
    if (wire.writeError == 0) return TlsStep::kWantWrite;
    if (established_) return TlsStep::kBroken;
    return Fail(TlsFailure::kHandshake, wire.writeError, "the connection broke during the handshake");
  }
  if (kind == SSL_ERROR_WANT_READ) {
    if (wire.readError != 0) {
      return Fail(established_ ? TlsFailure::kNone : TlsFailure::kHandshake, wire.readError, "the connection broke");
    }
    if (wire.ended) {
      return established_ ? Fail(TlsFailure::kTruncated, ECONNRESET, "the peer ended the connection without close_notify")
                          : Fail(TlsFailure::kHandshake, ECONNRESET, "the peer ended the connection during the handshake");
    }
    return wire.starved ? TlsStep::kAgain : TlsStep::kWantRead;
  }
  if (kind == SSL_ERROR_ZERO_RETURN && established_) return TlsStep::kClosed;
  return FailFromQueue();
}

TlsStep TlsSession::Fail(TlsFailure kind, int number, const char* text) {
  failure = kind;
  error = number;
  strncpy(reason, text, sizeof reason - 1);
  ERR_clear_error();
  return TlsStep::kFailed;
}

TlsStep TlsSession::FailFromQueue() {
  const int code = ERR_GET_REASON(ERR_peek_error());
  failure = established_ ? TlsFailure::kProtocol : TlsFailure::kHandshake;
  error = EPROTO;
  TakeReason(reason, sizeof reason, "the peer broke the protocol");
  if (code == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    failure = TlsFailure::kVerification;
    snprintf(reason, sizeof reason, "the peer's certificate is not accepted: %s",
             X509_verify_cert_error_string(SSL_get_verify_result(ssl_)));
  } else if (code == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
    failure = TlsFailure::kVerification;
  }
  return TlsStep::kFailed;
}

int TlsSession::Cipher() const {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_);
  return cipher == nullptr ? 0 : SSL_CIPHER_get_protocol_id(cipher);
}

int TlsSession::ProtocolIndex() const {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(ssl_, &name, &length);
  if (length == 0) return -1;
  if (protocols_.empty()) return context_->ProtocolIndex(name, length);
  int index = 0;
  for (size_t at = 0; at < protocols_.size(); at += 1 + static_cast<uint8_t>(protocols_[at]), index++) {
    const size_t size = static_cast<uint8_t>(protocols_[at]);
    if (size == length && memcmp(protocols_.data() + at + 1, name, length) == 0) return index;
  }
  return -1;
}

std::vector<std::string> TlsSession::PeerCertificates() const {
  std::vector<std::string> result;
  X509* leaf = SSL_get0_peer_certificate(ssl_);
  if (leaf == nullptr) return result;
  const auto add = [&](X509* certificate) {
    unsigned char* bytes = nullptr;
    const int length = i2d_X509(certificate, &bytes);
    if (length > 0) result.emplace_back(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
    OPENSSL_free(bytes);
  };
  add(leaf);
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl_);
  // A client finds the leaf in the chain too, a server does not.
  for (int i = 0; i < sk_X509_num(chain); i++) {
    X509* certificate = sk_X509_value(chain, i);
    if (X509_cmp(certificate, leaf) != 0) add(certificate);
  }
  return result;
}

void TlsSession::CountMessage(bool sent, int type) {
  const bool counts = type == SSL3_RT_ALERT || (type == SSL3_RT_HANDSHAKE && !sent);
  if (!established_ || !counts) return;
  messages_++;
  if (messages_ > kMessagesMax + received_ / kBytesPerMessage) {
    talkative_ = true;
    // Nothing more is read, so that OpenSSL comes back to us.
    wire.budget = 0;
    wire.readable = false;
  }
}

void TlsSession::OnMessage(int sent, int, int type, const void*, size_t, SSL*, void* self) {
  static_cast<TlsSession*>(self)->CountMessage(sent != 0, type);
}

/** 1: the session is ours from here on. */
int TlsSession::OnNewSession(SSL* ssl, SSL_SESSION* session) {
  TlsSession* self = static_cast<TlsSession*>(SSL_get_app_data(ssl));
  if (self->session_key_.empty()) return 0;
  self->context_->Sessions().Put(self->session_key_, OwnedSslSession(session));
  return 1;
}

}  // namespace sluice
