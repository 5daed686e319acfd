// Finds the response by the certificate that the handshake has chosen. Each session gets a copy, which OpenSSL frees:
// a response may be replaced while handshakes run.

#include "tls-staples.h"

#include <string.h>

#include <utility>

namespace sluice {

bool TlsStaples::Set(size_t index, std::string response) {
  if (index >= entries_.size()) return false;
  entries_[index].response = std::move(response);
  return true;
}

int TlsStaples::Attach(SSL* ssl) const {
  const X509* chosen = SSL_get_certificate(ssl);
  for (const Entry& entry : entries_) {
    if (chosen == nullptr || entry.response.empty() || X509_cmp(entry.certificate.get(), chosen) != 0) continue;
    unsigned char* copy = static_cast<unsigned char*>(OPENSSL_memdup(entry.response.data(), entry.response.size()));
    if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(entry.response.size()));
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace sluice
