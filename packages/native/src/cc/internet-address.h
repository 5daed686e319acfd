// IP addresses between their text and the kernel's form. Literals only: names are never resolved. Knows nothing of sockets, nor of what
// an address is used for.

#ifndef SLUICE_NATIVE_INTERNET_ADDRESS_H_
#define SLUICE_NATIVE_INTERNET_ADDRESS_H_

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sluice {

/** Room for the text of an address: 45 characters, `%`, an interface name and the final NUL. */
constexpr size_t kHostBytes = INET6_ADDRSTRLEN + 1 + IF_NAMESIZE;

/** An IP address with its port; `length` is 0 when the text was none. */
struct InternetAddress {
  sockaddr_storage storage;
  socklen_t length;
  bool isIpv6;
};

inline InternetAddress ParseIpv4(const char* host, int port) {
  InternetAddress result = {};
  sockaddr_in* address = reinterpret_cast<sockaddr_in*>(&result.storage);
  address->sin_family = AF_INET;
  address->sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, host, &address->sin_addr) == 1) result.length = sizeof *address;
  return result;
}

/** 0: it is none. */
inline uint32_t ParseZoneNumber(const char* text) {
  char* end = nullptr;
  const unsigned long number = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
  return number <= UINT32_MAX && end != nullptr && *end == 0 ? static_cast<uint32_t>(number) : 0;
}

/** Accepts a zone (`fe80::1%eth0`, also by number) behind the address. */
inline InternetAddress ParseIpv6(const char* host, int port) {
  InternetAddress result = {};
  result.isIpv6 = true;
  sockaddr_in6* address = reinterpret_cast<sockaddr_in6*>(&result.storage);
  address->sin6_family = AF_INET6;
  address->sin6_port = htons(static_cast<uint16_t>(port));
  char text[kHostBytes];
  snprintf(text, sizeof text, "%s", host);
  char* zone = strchr(text, '%');
  if (zone != nullptr) {
    *zone++ = 0;
    address->sin6_scope_id = if_nametoindex(zone);
    if (address->sin6_scope_id == 0) address->sin6_scope_id = ParseZoneNumber(zone);
    if (address->sin6_scope_id == 0) return result;
  }
  if (inet_pton(AF_INET6, text, &address->sin6_addr) == 1) result.length = sizeof *address;
  return result;
}

/** Of either family. */
inline InternetAddress ParseInternet(const char* host, int port) {
  const InternetAddress address = ParseIpv4(host, port);
  return address.length != 0 ? address : ParseIpv6(host, port);
}

/** IPv4-mapped addresses (RFC 4291 §2.5.5.2) become IPv4, and zones are left out: as a peer sees it. */
inline void MakePlain(sockaddr_storage* storage) {
  sockaddr_in6* address = reinterpret_cast<sockaddr_in6*>(storage);
  if (storage->ss_family != AF_INET6) return;
  address->sin6_scope_id = 0;
  if (!IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) return;
  sockaddr_in plain = {};
  plain.sin_family = AF_INET;
  plain.sin_port = address->sin6_port;
  memcpy(&plain.sin_addr, address->sin6_addr.s6_addr + 12, 4);
  *storage = {};
  memcpy(storage, &plain, sizeof plain);
}

/** Text with the zone, if there is one, and the port. `storage` must hold an IPv4 or IPv6 address. */
inline void DescribeInternet(const sockaddr_storage& storage, char* text, size_t capacity, int* port) {
  if (storage.ss_family == AF_INET) {
    const sockaddr_in* address = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &address->sin_addr, text, static_cast<socklen_t>(capacity));
    *port = ntohs(address->sin_port);
    return;
  }
  const sockaddr_in6* address = reinterpret_cast<const sockaddr_in6*>(&storage);
  inet_ntop(AF_INET6, &address->sin6_addr, text, static_cast<socklen_t>(capacity));
  *port = ntohs(address->sin6_port);
  char zone[IF_NAMESIZE];
  if (address->sin6_scope_id == 0 || if_indextoname(address->sin6_scope_id, zone) == nullptr) return;
  const size_t used = strlen(text);
  snprintf(text + used, capacity - used, "%%%s", zone);
}

}  // namespace sluice

#endif  // SLUICE_NATIVE_INTERNET_ADDRESS_H_
