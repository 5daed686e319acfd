// OpenSSL as the Node that loads the addon exports it: headers from Node's include folder, symbols from its binary, and no second
// copy linked. Within major version 3 a newer library serves what was compiled against older headers; FitsLibrary() checks that.

#ifndef SLUICE_TLS_OPENSSL_H_
#define SLUICE_TLS_OPENSSL_H_

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

static_assert(OPENSSL_VERSION_MAJOR == 3, "written for the interface of OpenSSL 3");

namespace sluice {

/** Is the library that runs at least the one whose headers were compiled against, of the same major version? */
inline bool FitsLibrary() {
  const unsigned least = OPENSSL_VERSION_MINOR;
  return OPENSSL_version_major() == OPENSSL_VERSION_MAJOR && OPENSSL_version_minor() + 1 > least;
}

struct OpensslDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};

using OwnedBio = std::unique_ptr<BIO, OpensslDeleter>;
using OwnedCertificate = std::unique_ptr<X509, OpensslDeleter>;
using OwnedKey = std::unique_ptr<EVP_PKEY, OpensslDeleter>;
using OwnedContext = std::unique_ptr<SSL_CTX, OpensslDeleter>;
using OwnedSslSession = std::unique_ptr<SSL_SESSION, OpensslDeleter>;

}  // namespace sluice

#endif  // SLUICE_TLS_OPENSSL_H_
