// Certificates, keys and authorities from PEM text into an SSL_CTX. Every problem becomes one sentence that names what was wrong
// and never repeats any of the text.

#ifndef SLUICE_TLS_TLS_CREDENTIALS_H_
#define SLUICE_TLS_TLS_CREDENTIALS_H_

#include <string>
#include <vector>

#include "openssl.h"
#include "tls-context.h"

namespace sluice {

/** One certificate with its chain and key; several of different key types stand side by side. `what` names it in problems. */
bool UseCertificate(SSL_CTX* context, const CertificateText& text, const std::string& what, std::string* problem);

/** Trusts exactly these, also ones that are not self-signed. `announce`: tells clients whose certificates are accepted. */
bool UseAuthorities(SSL_CTX* context, const std::vector<std::string>& texts, bool announce, std::string* problem);

}  // namespace sluice

#endif  // SLUICE_TLS_TLS_CREDENTIALS_H_
