// Sessions that servers have given us, by a key of the caller's choice, so that the next connection can resume one.
// Bounded: the one used longest ago goes first. A TLS 1.3 session is given out once (RFC 8446 appendix C.4).

#ifndef SLUICE_TLS_TLS_SESSION_CACHE_H_
#define SLUICE_TLS_TLS_SESSION_CACHE_H_

#include <string>
#include <vector>

#include "openssl.h"

namespace sluice {

class TlsSessionCache {
 public:
  /** 0: keeps nothing. */
  explicit TlsSessionCache(size_t sessions_max) : sessions_max_(sessions_max) {}

  void Put(const std::string& key, OwnedSslSession session);
  /** Null when there is none that can be resumed. */
  OwnedSslSession Take(const std::string& key);
  size_t Size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    OwnedSslSession session;
  };
  static constexpr size_t kOfOneKeyMax = 4;

  std::vector<Entry> entries_;  // the one used longest ago first
  size_t sessions_max_;
};

}  // namespace sluice

#endif  // SLUICE_TLS_TLS_SESSION_CACHE_H_
