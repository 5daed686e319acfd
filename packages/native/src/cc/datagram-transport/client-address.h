// The address of a client in one form for both families, and keyed hashing of what flows are looked up by. Header only; knows nothing
// of flows.

#ifndef SLUICE_DATAGRAM_TRANSPORT_CLIENT_ADDRESS_H_
#define SLUICE_DATAGRAM_TRANSPORT_CLIENT_ADDRESS_H_

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

namespace sluice {
namespace datagram {

/** IPv4 addresses are kept IPv4-mapped (RFC 4291 §2.5.5.2). Port in host order. */
struct ClientAddress {
  uint8_t bytes[16];
  uint32_t scope;
  uint16_t port;

  bool operator==(const ClientAddress& other) const {
    return port == other.port && scope == other.scope && memcmp(bytes, other.bytes, sizeof bytes) == 0;
  }
};

inline void MapIpv4(const in_addr& address, uint8_t* bytes) {
  memset(bytes, 0, 10);
  bytes[10] = bytes[11] = 0xff;
  memcpy(bytes + 12, &address, 4);
}

inline bool IsMapped(const uint8_t* bytes) {
  static const uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return memcmp(bytes, kPrefix, sizeof kPrefix) == 0;
}

/** `name` may hold an IPv4 address too. False for a family that is neither. */
inline bool ReadAddress(const sockaddr_in6& name, ClientAddress* out) {
  *out = {};
  if (name.sin6_family == AF_INET) {
    sockaddr_in v4;
    memcpy(&v4, &name, sizeof v4);
    MapIpv4(v4.sin_addr, out->bytes);
    out->port = ntohs(v4.sin_port);
    return true;
  }
  if (name.sin6_family != AF_INET6) return false;
  memcpy(out->bytes, &name.sin6_addr, 16);
  out->port = ntohs(name.sin6_port);
  out->scope = name.sin6_scope_id;
  return true;
}

/** For a socket of `family`; its length. */
inline socklen_t WriteAddress(const ClientAddress& address, int family, sockaddr_in6* out) {
  memset(out, 0, sizeof *out);
  if (family == AF_INET) {
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    memcpy(&v4.sin_addr, address.bytes + 12, 4);
    memcpy(out, &v4, sizeof v4);
    return sizeof v4;
  }
  out->sin6_family = AF_INET6;
  out->sin6_port = htons(address.port);
  memcpy(&out->sin6_addr, address.bytes, 16);
  out->sin6_scope_id = address.scope;
  return sizeof *out;
}

/** Clients choose what is hashed, so the seed is random and secret: they cannot aim at one bucket. */
struct HashSeed {
  uint64_t first;
  uint64_t second;
};

inline uint64_t MixHash(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t HashBytes(const uint8_t* bytes, size_t length, uint64_t salt, const HashSeed& seed) {
  uint64_t hash = MixHash(salt ^ seed.first, length ^ seed.second);
  while (length > 0) {
    uint64_t words[2] = {0, 0};
    const size_t taken = length < sizeof words ? length : sizeof words;
    memcpy(words, bytes, taken);
    hash = MixHash(words[0] ^ hash ^ seed.first, words[1] ^ seed.second);
    bytes += taken;
    length -= taken;
  }
  return MixHash(hash ^ seed.second, hash + seed.first);
}

inline uint64_t HashAddress(const ClientAddress& address, uint32_t listener, const HashSeed& seed) {
  const uint64_t salt = uint64_t{address.port} << 32 | listener;
  return HashBytes(address.bytes, sizeof address.bytes, salt ^ uint64_t{address.scope} << 48, seed);
}

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_CLIENT_ADDRESS_H_
