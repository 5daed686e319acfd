// Keys of session tickets, given from outside so that several processes can share them: the first encrypts, all decrypt.
// Decides nothing about when keys change.

#ifndef SLUICE_TLS_TLS_TICKETS_H_
#define SLUICE_TLS_TLS_TICKETS_H_

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "openssl.h"

namespace sluice {

constexpr size_t kTicketNameBytes = 16;
constexpr size_t kTicketSecretBytes = 32;
/** Name, key for AES-256-CBC, key for HMAC-SHA-256. */
constexpr size_t kTicketKeyBytes = kTicketNameBytes + 2 * kTicketSecretBytes;
constexpr size_t kTicketKeysMax = 16;

struct TicketKey {
  uint8_t name[kTicketNameBytes];
  uint8_t cipher[kTicketSecretBytes];
  uint8_t mac[kTicketSecretBytes];
};

class TicketKeys {
 public:
  TicketKeys() = default;
  ~TicketKeys() { Clear(); }
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  /** `bytes`: `count` keys of kTicketKeyBytes, at most kTicketKeysMax; replaces all. */
  void Replace(const uint8_t* bytes, size_t count);
  bool Empty() const { return keys_.empty(); }

  /** What OpenSSL asks of a ticket callback: 1 done, 2 done and a new ticket is due, 0 no such key, -1 error. */
  int Prepare(uint8_t* name, uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool encrypt) const;

 private:
  void Clear();

  std::vector<TicketKey> keys_;
};

}  // namespace sluice

#endif  // SLUICE_TLS_TLS_TICKETS_H_
