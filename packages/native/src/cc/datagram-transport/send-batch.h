// Datagrams for one socket, sent with one system call: neighbours of one flow and of one size leave as one segmented message
// (UDP_SEGMENT). Borrows the bytes until Clear(). What a failure means is the caller's business.

#ifndef SLUICE_DATAGRAM_TRANSPORT_SEND_BATCH_H_
#define SLUICE_DATAGRAM_TRANSPORT_SEND_BATCH_H_

#include <sys/uio.h>

#include "flow.h"
#include "receive-batch.h"

namespace sluice {
namespace datagram {

/** What fits into one message of either family. */
constexpr uint32_t kMessageMax = 65507;

struct SendEntry {
  Flow* flow;
  uint32_t total;
  uint32_t segment;   // all but the last have this size
  uint32_t datagrams;
  int vector;         // the first of its pieces
  bool open;          // the last datagram is whole, so another may follow
};

class SendBatch {
 public:
  bool Full() const { return vectors_used_ == kSlots; }
  int Count() const { return count_; }
  SendEntry& At(int entry) { return entries_[entry]; }
  /** Pieces of an entry: in order, together `total` bytes. */
  const iovec* Pieces(int entry) const { return vectors_ + entries_[entry].vector; }
  int PieceCount(int entry) const;

  /**
   * Not when Full(). `segment` as in ReceivedDatagram. Datagrams of `segmentLimit` bytes or more, and all when it is 0, leave one by
   * one; a piece of several must not be given then, nor one of more than kMessageMax bytes.
   */
  void Add(Flow* flow, uint8_t* bytes, uint32_t length, uint32_t segment, uint32_t segmentLimit);
  void Clear() { count_ = vectors_used_ = 0; }
  /** The first datagrams of an entry have gone: what is left of it is the entry now. Those before it count no more. */
  void Shorten(int entry, uint32_t datagrams);

  /**
   * Sends entries from `first` on; `family` 0: the socket is connected, else to the flows' clients and from the address they asked.
   * Returns how many went, at least one, or -errno of the first.
   */
  int Send(int fd, int first, int family);
  /** The datagrams of one entry as messages of their own. Returns how many went; fewer than all: errno in `error`. */
  uint32_t SendSingly(int fd, int entry, int family, int* error);

 private:
  static constexpr size_t kControlBytes = 96;
  static constexpr uint32_t kSegmentsMax = 64;

  void Prepare(int entry, int family);
  static void AddressEntry(const Flow* flow, int family, sockaddr_in6* name, msghdr* header);

  int count_ = 0;
  int vectors_used_ = 0;
  SendEntry entries_[kSlots];
  iovec vectors_[kSlots];
  mmsghdr messages_[kSlots];
  sockaddr_in6 names_[kSlots];
  alignas(8) uint8_t controls_[kSlots][kControlBytes];
};

inline uint32_t DatagramsIn(uint32_t length, uint32_t segment) {
  return length <= segment ? 1 : (length + segment - 1) / segment;
}

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_SEND_BATCH_H_
