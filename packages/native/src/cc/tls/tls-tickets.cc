// Encryption of tickets as RFC 5077 §4 recommends it: AES-CBC under a named key, HMAC-SHA-256 over the result.
// A ticket under any key but the first is honoured and replaced, so that old keys can be taken away in time.

#include "tls-tickets.h"

#include <string.h>

#include <openssl/rand.h>

namespace sluice {

void TicketKeys::Clear() {
  for (TicketKey& key : keys_) OPENSSL_cleanse(&key, sizeof key);
  keys_.clear();
}

void TicketKeys::Replace(const uint8_t* bytes, size_t count) {
  Clear();
  // Room for all at once, so that no copy of a key is left behind by growing.
  keys_.reserve(kTicketKeysMax);
  for (size_t i = 0; i < count; i++) {
    TicketKey key;
    memcpy(&key, bytes + i * kTicketKeyBytes, sizeof key);
    keys_.push_back(key);
    OPENSSL_cleanse(&key, sizeof key);
  }
}

int TicketKeys::Prepare(uint8_t* name, uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool encrypt) const {
  const EVP_CIPHER* method = EVP_aes_256_cbc();
  size_t index = 0;
  if (encrypt) {
    if (keys_.empty()) return -1;
    memcpy(name, keys_[0].name, kTicketNameBytes);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(method)) != 1) return -1;
  } else {
    while (index < keys_.size() && CRYPTO_memcmp(name, keys_[index].name, kTicketNameBytes) != 0) index++;
    if (index == keys_.size()) return 0;
  }
  const TicketKey& key = keys_[index];
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<uint8_t*>(key.mac), sizeof key.mac),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  const int direction = encrypt ? 1 : 0;
  if (EVP_MAC_CTX_set_params(mac, parameters) != 1) return -1;
  if (EVP_CipherInit_ex(cipher, method, nullptr, key.cipher, iv, direction) != 1) return -1;
  return index == 0 ? 1 : 2;
}

}  // namespace sluice
