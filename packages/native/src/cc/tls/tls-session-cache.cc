// A short list, searched from its end: it is looked at once for each new connection, not for each request.

#include "tls-session-cache.h"

#include <utility>

namespace sluice {

void TlsSessionCache::Put(const std::string& key, OwnedSslSession session) {
  if (sessions_max_ == 0) return;
  size_t same = 0;
  size_t oldest = 0;
  for (size_t i = entries_.size(); i > 0; i--) {
    if (entries_[i - 1].key != key) continue;
    same++;
    oldest = i - 1;
  }
  if (same >= kOfOneKeyMax) {
    entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(oldest));
  } else if (entries_.size() >= sessions_max_) {
    entries_.erase(entries_.begin());
  }
  entries_.push_back({key, std::move(session)});
}

OwnedSslSession TlsSessionCache::Take(const std::string& key) {
  for (size_t i = entries_.size(); i > 0; i--) {
    Entry& entry = entries_[i - 1];
    if (entry.key != key) continue;
    OwnedSslSession session = std::move(entry.session);
    entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(i - 1));
    if (SSL_SESSION_is_resumable(session.get()) != 1) continue;
    if (SSL_SESSION_get_protocol_version(session.get()) < TLS1_3_VERSION) {
      SSL_SESSION_up_ref(session.get());
      entries_.push_back({key, OwnedSslSession(session.get())});
    }
    return session;
  }
  return nullptr;
}

}  // namespace sluice
