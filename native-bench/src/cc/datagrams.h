// What clients and server of datagrams have in common: sockets on loopback, and bursts as one message (UDP_SEGMENT, UDP_GRO).

#ifndef SLUICE_BENCH_DATAGRAMS_H_
#define SLUICE_BENCH_DATAGRAMS_H_

#include <netinet/udp.h>
#include <string.h>

#include "programs.h"

namespace bench {

constexpr int kBufferBytes = 4 * 1024 * 1024;
/** What one message may hold, however many datagrams. */
constexpr size_t kMessageBytes = 65536;
/** Of linux/udp.h; older headers have none. */
constexpr int kUdpSegment = 103;
constexpr int kUdpGro = 104;

/** @param gathers takes bursts as the kernel puts them together. */
inline int OpenSocket(bool gathers) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) Fail("socket");
  // As much as the kernel gives.
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kBufferBytes, sizeof kBufferBytes);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes);
  const int on = 1;
  if (gathers && setsockopt(fd, SOL_UDP, kUdpGro, &on, sizeof on) != 0) Fail("UDP_GRO");
  return fd;
}

/** Room for one control message beside a datagram. */
struct Control {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(int))];
};

/** Tells the kernel to cut the message into datagrams of so many bytes; 0: it is one. */
inline void SetSegment(msghdr* header, Control* control, size_t segment) {
  header->msg_control = segment == 0 ? nullptr : control->bytes;
  header->msg_controllen = segment == 0 ? 0 : CMSG_SPACE(sizeof(uint16_t));
  if (segment == 0) return;
  cmsghdr* const message = CMSG_FIRSTHDR(header);
  message->cmsg_level = SOL_UDP;
  message->cmsg_type = kUdpSegment;
  message->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  const uint16_t size = static_cast<uint16_t>(segment);
  memcpy(CMSG_DATA(message), &size, sizeof size);
}

/** Bytes of the datagrams that were received as one message; 0: it is one. */
inline size_t SegmentOf(msghdr* header) {
  for (cmsghdr* c = CMSG_FIRSTHDR(header); c != nullptr; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level != SOL_UDP || c->cmsg_type != kUdpGro) continue;
    int size = 0;
    memcpy(&size, CMSG_DATA(c), sizeof size);
    return static_cast<size_t>(size);
  }
  return 0;
}

}  // namespace bench

#endif  // SLUICE_BENCH_DATAGRAMS_H_
