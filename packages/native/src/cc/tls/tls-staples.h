// OCSP responses that a server sends with its certificates (RFC 6066 §8), one for each, given from outside and replaced at any time.
// Fetches nothing and looks at no dates.

#ifndef SLUICE_TLS_TLS_STAPLES_H_
#define SLUICE_TLS_TLS_STAPLES_H_

#include <string>
#include <vector>

#include "openssl.h"

namespace sluice {

class TlsStaples {
 public:
  void Add(OwnedCertificate certificate) { entries_.push_back({std::move(certificate), std::string()}); }
  /** `response`: DER, empty for none. False when there is no such certificate. */
  bool Set(size_t index, std::string response);
  /** Gives the response for the certificate in use to the session. What OpenSSL wants of a status callback. */
  int Attach(SSL* ssl) const;

 private:
  struct Entry {
    OwnedCertificate certificate;
    std::string response;
  };
  std::vector<Entry> entries_;
};

}  // namespace sluice

#endif  // SLUICE_TLS_TLS_STAPLES_H_
