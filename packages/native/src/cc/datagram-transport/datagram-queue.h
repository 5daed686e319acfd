// Datagrams that wait: for a decision, or for a socket that takes nothing now. Bytes are copied; bounds are the caller's business.

#ifndef SLUICE_DATAGRAM_TRANSPORT_DATAGRAM_QUEUE_H_
#define SLUICE_DATAGRAM_TRANSPORT_DATAGRAM_QUEUE_H_

#include <stddef.h>
#include <stdint.h>

namespace sluice {
namespace datagram {

/** One or more datagrams: `segment` bytes each, the last perhaps fewer. */
struct QueuedDatagram {
  QueuedDatagram* next;
  int32_t flow;
  uint32_t length;
  uint32_t segment;

  uint8_t* Bytes() { return reinterpret_cast<uint8_t*>(this + 1); }
  size_t Memory() const { return sizeof *this + length; }
};

class DatagramQueue {
 public:
  bool Empty() const { return first_ == nullptr; }
  QueuedDatagram* First() const { return first_; }
  /** Memory, not only payload. */
  size_t Bytes() const { return bytes_; }

  /** False when memory is short. */
  bool Append(int32_t flow, const uint8_t* bytes, uint32_t length, uint32_t segment);
  /** Takes all that waits in the other one, behind what is here. */
  void TakeAll(DatagramQueue* other);
  void DropFirst();
  void Clear();

 private:
  QueuedDatagram* first_;
  QueuedDatagram* last_;
  size_t bytes_;
};

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_DATAGRAM_QUEUE_H_
