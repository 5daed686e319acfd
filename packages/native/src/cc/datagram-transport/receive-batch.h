// Slots into which one system call receives many datagrams. With UDP_GRO a slot holds several of the same sender and size, the last
// perhaps shorter. Slots are overwritten by the next call that names them.

#ifndef SLUICE_DATAGRAM_TRANSPORT_RECEIVE_BATCH_H_
#define SLUICE_DATAGRAM_TRANSPORT_RECEIVE_BATCH_H_

#include <stdint.h>
#include <sys/socket.h>

#include "client-address.h"

namespace sluice {
namespace datagram {

constexpr int kSlots = 64;
/** More than this in one batch falls out of the processor's caches before it is sent. */
constexpr uint64_t kBatchBytes = 512 * 1024;
/** With messages of so many bytes, on an average, fewer slots are used. */
constexpr uint64_t kBulkMessageBytes = 16 * 1024;
constexpr int kBulkSlots = 8;

struct ReceivedDatagram {
  uint8_t* bytes;
  uint32_t length;
  uint32_t segment;  // not 0; length <= segment: one datagram
  int next;          // of the same flow in this batch; -1: none
};

/** Where a received datagram was sent to. */
struct LocalAddress {
  uint8_t bytes[16];
  uint32_t scope;
};

class ReceiveBatch {
 public:
  ReceiveBatch() = default;
  ~ReceiveBatch();
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

  /** False when memory is short. Pages are taken as they are used first. */
  bool Init();

  /**
   * Receives up to `count` messages into slots from `first` on, with segments and local addresses if the socket tells. `names`: also
   * who sent them. Returns how many there were, or -errno. Fewer than `count`: nothing is left for now.
   */
  int Receive(int fd, int first, int count, bool names);

  /** Receives one datagram of a connected socket that does not coalesce, for less than the above. Its length, or -errno. */
  int ReceiveOne(int fd, int slot);

  ReceivedDatagram& At(int slot) { return slots_[slot]; }
  const sockaddr_in6& Name(int slot) const { return names_[slot]; }
  /** False when the kernel did not say. */
  bool ReadLocal(int slot, LocalAddress* local) const;

 private:
  static constexpr size_t kControlBytes = 96;
  static constexpr size_t kBufferBytes = 65536;
  /** Not a power of two: else the same lines of the cache would serve the beginning of every slot. */
  static constexpr size_t kStride = kBufferBytes + 4096 + 192;

  /** Headers that the kernel has written to, made ready again. */
  void Prepare(bool names, int first, int count);

  uint8_t* memory_ = nullptr;
  /** With names and without; both kinds receive into the same slots. */
  mmsghdr messages_[2][kSlots];
  uint64_t used_[2] = {~uint64_t{0}, ~uint64_t{0}};
  bool named_ = false;  // the kind that was received last
  iovec vectors_[kSlots];
  sockaddr_in6 names_[kSlots];
  ReceivedDatagram slots_[kSlots];
  alignas(8) uint8_t controls_[kSlots][kControlBytes];
};

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_RECEIVE_BATCH_H_
