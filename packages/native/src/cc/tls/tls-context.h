// What the TLS sessions of one kind have in common: certificates, versions, protocols, whom to trust, ticket keys or session cache.
// Made from PEM in memory, checked when made. Decides nothing: which context a connection gets is the caller's choice.
//
// Counted by its holders (the JavaScript object, each session): all on one thread.

#ifndef SLUICE_TLS_TLS_CONTEXT_H_
#define SLUICE_TLS_TLS_CONTEXT_H_

#include <stdint.h>

#include <string>
#include <vector>

#include "openssl.h"
#include "tls-session-cache.h"
#include "tls-staples.h"
#include "tls-tickets.h"

namespace sluice {

/** Numbers shared with tls-context.ts. */
enum class ClientCertificates : uint8_t {
  kNone = 0,
  kRequest = 1,          // accepted unverified
  kRequireAny = 2,       // accepted unverified
  kVerifyIfGiven = 3,
  kRequireAndVerify = 4,
};

/** PEM text that is wiped when it goes. */
struct SecretText {
  std::string text;
  SecretText() = default;
  SecretText(SecretText&&) = default;
  ~SecretText() {
    if (!text.empty()) OPENSSL_cleanse(&text[0], text.size());
  }
};

struct CertificateText {
  std::string chain;
  SecretText key;
};

struct TlsContextOptions {
  bool server = false;
  std::vector<CertificateText> certificates;
  std::vector<std::string> authorities;  // PEM, each with one or more certificates
  int minVersion = 0;                    // as on the wire (0x0301 …); 0: the library's
  int maxVersion = 0;
  std::string ciphers;    // up to TLS 1.2, OpenSSL's syntax; empty: the library's
  std::string suites;     // TLS 1.3
  std::string groups;
  int securityLevel = -1;
  std::vector<std::string> protocols;           // ALPN, in order of preference
  std::vector<std::string> toleratedProtocols;  // a client that offers one of these and nothing of ours is served without any
  bool anyProtocol = false;                     // server: what a client offers first is agreed to when nothing of ours is offered
  ClientCertificates clientCertificates = ClientCertificates::kNone;
  bool insecure = false;                        // client: the server's certificate is not looked at
  bool anyName = false;                         // client: the server's certificate is verified, but not for which name it is
  bool tickets = true;
  std::string sessionScope;                     // sessions are resumed only between contexts of the same scope
  uint32_t sessionsMax = 0;                     // client: sessions kept
};

class TlsContext {
 public:
  /** Null with a sentence in `problem`. One reference, the caller's. */
  static TlsContext* Make(const TlsContextOptions& options, std::string* problem);

  void Hold() { holders_++; }
  void Release() {
    if (--holders_ == 0) delete this;
  }

  SSL_CTX* Get() const { return context_.get(); }
  bool IsServer() const { return server_; }
  bool Insecure() const { return insecure_; }
  bool AnyName() const { return any_name_; }
  TicketKeys& Tickets() { return tickets_; }
  TlsSessionCache& Sessions() { return sessions_; }
  TlsStaples& Staples() { return staples_; }

  /** Position in the list of protocols, -1 for none or another. */
  int ProtocolIndex(const unsigned char* name, size_t length) const;

 private:
  TlsContext(const TlsContextOptions& options, OwnedContext context);
  ~TlsContext() = default;

  bool Apply(const TlsContextOptions& options, std::string* problem);
  bool ApplyProtocols(std::string* problem);
  bool ApplyTickets(const TlsContextOptions& options);

  static int OnSelectProtocol(SSL* ssl, const unsigned char** out, unsigned char* length, const unsigned char* offered,
                              unsigned int offered_length, void* self);
  static int OnStatus(SSL* ssl, void* self);
  static int OnTicket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypt);

  OwnedContext context_;
  std::vector<std::string> protocols_;
  std::vector<std::string> tolerated_;
  const bool any_protocol_;
  TicketKeys tickets_;
  TlsSessionCache sessions_;
  TlsStaples staples_;
  uint32_t holders_ = 1;
  bool server_;
  bool insecure_;
  bool any_name_;
};

/** Length-prefixed names as ALPN has them on the wire (RFC 7301 §3.1); empty when a name is empty or too long. */
std::string ProtocolListBytes(const std::vector<std::string>& protocols);

}  // namespace sluice

#endif  // SLUICE_TLS_TLS_CONTEXT_H_
