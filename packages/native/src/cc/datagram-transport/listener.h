// The bound socket of one entry point: its options, its flows in the order in which they were used, answers that wait for it.

#ifndef SLUICE_DATAGRAM_TRANSPORT_LISTENER_H_
#define SLUICE_DATAGRAM_TRANSPORT_LISTENER_H_

#include <stdint.h>

#include "flow.h"

namespace sluice {
namespace datagram {

struct ListenerOptions {
  uint32_t flowsMax;
  uint32_t idleMs;
  uint32_t amplification;     // bytes answered per byte received; 0: no limit
  uint32_t inspectFromClient;  // payloads shown
  uint32_t inspectFromServer;
  uint32_t keyBytes;  // 0: flows have no keys
  // Where the key stands in a datagram whose first byte, masked, has the value; a mask of 0 in the second: there is one place only.
  uint32_t keyOffset;
  uint32_t keyMask;
  uint32_t keyValue;
  uint32_t otherKeyOffset;
  uint32_t otherKeyMask;
  uint32_t otherKeyValue;

  /** Of a datagram that begins with this byte; -1: it has no key. */
  int64_t KeyOffset(uint8_t first) const {
    if (keyBytes == 0) return -1;
    if ((first & keyMask) == keyValue) return keyOffset;
    return otherKeyMask != 0 && (first & otherKeyMask) == otherKeyValue ? int64_t{otherKeyOffset} : -1;
  }
};

using RecencyList = LinkedList<Flow, &Flow::place>;

struct Listener {
  Listener* next;
  RecencyList recent;  // open flows, least recently used first
  DatagramQueue queue;  // towards clients
  ListenerOptions options;
  uint32_t serial;  // names it to epoll and in hashes
  uint32_t flows;   // undecided and open ones
  int fd;
  int family;
  uint16_t tag;
  uint16_t port;
  uint16_t segmentRefused;
  uint32_t kernelDrops;  // what the kernel has dropped of it, as far as that is known
  uint64_t lookedMs;     // when that was asked last
  bool wildcard;
  bool ready;
  bool bulk;  // much comes at once: few messages at a time
  bool burst;  // much has come at once since the kernel was asked for drops
  bool blocked;
  bool draining;        // no new flows; it goes with the last one
  bool closeDescriptor;
  bool gone;            // LISTENER_CLOSED is to be reported
};

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_LISTENER_H_
