// PEM reading. Opens no files and looks at no dates or names: whether a certificate suits is the caller's affair.
// A key that needs a passphrase is refused: OpenSSL would ask for it on the terminal.

#include "tls-credentials.h"

#include "tls-reason.h"

namespace sluice {

namespace {

/** Deepest chain that is sent. */
constexpr int kChainMax = 32;

int NoPassphrase(char*, int, int, void*) { return -1; }

bool Refuse(std::string* problem, const std::string& what, const char* otherwise) {
  char reason[kReasonBytes];
  TakeReason(reason, sizeof reason, otherwise);
  *problem = what + ": " + reason;
  return false;
}

OwnedBio Reader(const std::string& text) { return OwnedBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/** True at the end of the PEM text, false when something in it is broken. */
bool ReachedEnd() {
  const unsigned long last = ERR_peek_last_error();
  const bool end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (end) ERR_clear_error();
  return end;
}

struct Chain {
  STACK_OF(X509)* certificates = sk_X509_new_null();
  ~Chain() { sk_X509_pop_free(certificates, X509_free); }
};

}  // namespace

bool UseCertificate(SSL_CTX* context, const CertificateText& text, const std::string& what, std::string* problem) {
  ERR_clear_error();
  const OwnedBio chain_reader = Reader(text.chain);
  const OwnedBio key_reader = Reader(text.key.text);
  Chain chain;
  if (chain_reader == nullptr || key_reader == nullptr || chain.certificates == nullptr) return Refuse(problem, what, "out of memory");
  const OwnedCertificate leaf(PEM_read_bio_X509_AUX(chain_reader.get(), nullptr, NoPassphrase, nullptr));
  if (leaf == nullptr) {
    if (ReachedEnd()) return Refuse(problem, what, "no certificate in the PEM text");
    return Refuse(problem, what + ": the certificate cannot be read", "broken PEM text");
  }
  for (;;) {
    X509* next = PEM_read_bio_X509(chain_reader.get(), nullptr, NoPassphrase, nullptr);
    if (next == nullptr) break;
    if (sk_X509_num(chain.certificates) >= kChainMax || sk_X509_push(chain.certificates, next) == 0) {
      X509_free(next);
      return Refuse(problem, what, "the chain has more than 32 certificates");
    }
  }
  if (!ReachedEnd()) return Refuse(problem, what + ": a certificate of the chain cannot be read", "broken PEM text");
  if (text.key.text.find("PRIVATE KEY-----") == std::string::npos) return Refuse(problem, what, "no private key in the PEM text");
  const OwnedKey key(PEM_read_bio_PrivateKey(key_reader.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    return Refuse(problem, what + ": the private key cannot be read (encrypted keys are not accepted)", "broken PEM text");
  }
  if (SSL_CTX_use_cert_and_key(context, leaf.get(), key.get(), chain.certificates, 1) != 1) {
    return Refuse(problem, what, "the certificate cannot be used");
  }
  return true;
}

bool UseAuthorities(SSL_CTX* context, const std::vector<std::string>& texts, bool announce, std::string* problem) {
  ERR_clear_error();
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (size_t i = 0; i < texts.size(); i++) {
    const std::string what = "authority " + std::to_string(i + 1);
    const OwnedBio reader = Reader(texts[i]);
    if (reader == nullptr) return Refuse(problem, what, "out of memory");
    bool found = false;
    for (;;) {
      const OwnedCertificate certificate(PEM_read_bio_X509_AUX(reader.get(), nullptr, NoPassphrase, nullptr));
      if (certificate == nullptr) break;
      found = true;
      if (X509_STORE_add_cert(store, certificate.get()) != 1) return Refuse(problem, what, "the certificate cannot be used");
      if (announce && SSL_CTX_add_client_CA(context, certificate.get()) != 1) return Refuse(problem, what, "out of memory");
    }
    if (!ReachedEnd()) return Refuse(problem, what + ": a certificate cannot be read", "broken PEM text");
    if (!found) return Refuse(problem, what, "no certificate in the PEM text");
  }
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  return true;
}

}  // namespace sluice
