// UDP_GRO and UDP_SEGMENT: numbers that older headers lack, and whether this kernel knows them.

#ifndef SLUICE_DATAGRAM_TRANSPORT_UDP_OFFLOAD_H_
#define SLUICE_DATAGRAM_TRANSPORT_UDP_OFFLOAD_H_

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

namespace sluice {
namespace datagram {

constexpr int kUdpSegment = 103;
constexpr int kUdpGro = 104;

/** Coalesced datagrams are delivered together from now on. False when the kernel cannot. */
inline bool CoalesceReceived(int fd) {
  const int on = 1;
  return setsockopt(fd, SOL_UDP, kUdpGro, &on, sizeof on) == 0;
}

/** Can several datagrams be given to the kernel as one? */
inline bool KnowsSegments(int fd) {
  int size = 0;
  socklen_t length = sizeof size;
  return getsockopt(fd, SOL_UDP, kUdpSegment, &size, &length) == 0;
}

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_UDP_OFFLOAD_H_
