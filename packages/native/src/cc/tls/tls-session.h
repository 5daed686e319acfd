// One TLS session over a socket: handshake, records in and out, close_notify; each step says what it waits for.
// Never blocks, never closes the socket, knows nothing of connections, queues and events.

#ifndef SLUICE_TLS_TLS_SESSION_H_
#define SLUICE_TLS_TLS_SESSION_H_

#include <stddef.h>
#include <stdint.h>

#include <string>

#include "openssl.h"
#include "tls-context.h"
#include "tls-reason.h"
#include "tls-wire.h"

namespace sluice {

enum class TlsStep : uint8_t {
  kDone,
  kWantRead,
  kWantWrite,
  kAgain,   // the budget of the wire is used up
  kClosed,  // the peer's close_notify
  kBroken,  // the socket takes nothing more (wire.writeError); what came in before may still be read
  kFailed,  // see error, failure and reason; no step may follow
};

/** What a client wants of one session. Empty text: not wanted. */
struct TlsClientWish {
  std::string serverName;  // for SNI and verification; an address is verified but not sent
  std::string sessionKey;  // sessions are kept and resumed under this
  std::string protocols;   // ALPN as on the wire, in place of the context's
};

class TlsSession {
 public:
  /** Null when memory is short or OpenSSL refuses. Holds the context. */
  static TlsSession* MakeServer(TlsContext* context, const uint8_t* first, size_t first_length);
  static TlsSession* MakeClient(TlsContext* context, const TlsClientWish& wish);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  TlsStep Handshake();
  /** One record or less; `*count` is not 0 after kDone. */
  TlsStep Read(uint8_t* buffer, size_t length, size_t* count);
  /** One record or less. After kWantWrite the next call must begin with the same bytes, and have at least as many. */
  TlsStep Write(const uint8_t* bytes, size_t length, size_t* count);
  /** Sends close_notify; kDone also when it cannot be sent any more. */
  TlsStep CloseNotify();

  bool Established() const { return established_; }
  /** Bytes are inside that the socket will not announce again: decrypted ones, or at least part of a record. */
  bool HoldsInput() const { return SSL_has_pending(ssl_) == 1 || wire.first != nullptr; }
  bool HoldsDecrypted() const { return SSL_pending(ssl_) > 0; }

  /** Once established. */
  int Version() const { return SSL_version(ssl_); }
  int Cipher() const;
  int ProtocolIndex() const;
  bool Resumed() const { return SSL_session_reused(ssl_) == 1; }
  bool PeerHasCertificate() const { return SSL_get0_peer_certificate(ssl_) != nullptr; }
  /** The peer's certificate first, as DER. Empty when it sent none. */
  std::vector<std::string> PeerCertificates() const;

  TlsWire wire;
  uint32_t plainFirst = 0;        // bytes in the connection's queue that were sent before TLS began: they go out as they are
  bool readWantsWrite = false;    // a read waits for the socket to take something
  bool closeNotifySent = false;
  TlsFailure failure = TlsFailure::kNone;
  int error = 0;                  // errno of a failure: EPROTO unless the socket itself failed
  char reason[kReasonBytes] = "";

 private:
  explicit TlsSession(TlsContext* context) : context_(context) { context->Hold(); }
  bool Open();
  bool OpenClient(const TlsClientWish& wish);
  /** What a call of OpenSSL that did not succeed means. */
  TlsStep Explain(int result);
  TlsStep Fail(TlsFailure kind, int error, const char* reason);
  TlsStep FailFromQueue();
  void CountMessage(bool sent, int type);

  static void OnMessage(int sent, int version, int type, const void* bytes, size_t length, SSL* ssl, void* self);
  static int OnNewSession(SSL* ssl, SSL_SESSION* session);

  TlsContext* context_;
  SSL* ssl_ = nullptr;
  std::string session_key_;
  std::string protocols_;
  uint64_t received_ = 0;
  uint32_t messages_ = 0;  // handshake messages and alerts since the handshake
  bool established_ = false;
  bool talkative_ = false;  // more of them than the data explains
};

}  // namespace sluice

#endif  // SLUICE_TLS_TLS_SESSION_H_
