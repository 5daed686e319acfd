// Bytes of one connection that its socket has not taken yet, in a chain of heap pieces. An empty queue owns no heap.
// Plain data (lives in zeroed connection seats): Clear() before the seat is reused.

#ifndef SLUICE_STREAM_TRANSPORT_SEND_QUEUE_H_
#define SLUICE_STREAM_TRANSPORT_SEND_QUEUE_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

namespace sluice {

struct QueuePiece {
  QueuePiece* next;
  uint32_t begin;
  uint32_t end;
  uint32_t capacity;
  bool wiped;  // its bytes were secret on the wire: nothing of them stays in freed memory
  uint32_t Size() const { return static_cast<uint32_t>(sizeof *this) + capacity; }
  uint8_t* Bytes() { return reinterpret_cast<uint8_t*>(this + 1); }
};

struct SendQueue {
  QueuePiece* head;
  QueuePiece* tail;
  uint32_t bytes;
  /** Heap bytes of all pieces: what the queue really costs. */
  uint32_t capacity;

  bool Empty() const { return bytes == 0; }
  /** Copies; false when memory is short, the queue is then cut short and must be cleared. */
  bool Append(const uint8_t* data, size_t length, bool wiped);
  /** Fills `vectors` with the first bytes of the queue; returns how many. */
  int Gather(iovec* vectors, int count) const;
  /** Drops the first `length` bytes (at most `bytes`). */
  void Consume(size_t length);
  void Clear();
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_SEND_QUEUE_H_
