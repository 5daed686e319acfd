// Bytes of one connection that its socket has not taken yet, in a chain of pieces: on the heap, or what a relay has left in a pipe. An
// empty queue owns nothing.
// Plain data (lives in zeroed connection seats): Clear() before the seat is reused.

#ifndef SLUICE_STREAM_TRANSPORT_SEND_QUEUE_H_
#define SLUICE_STREAM_TRANSPORT_SEND_QUEUE_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

namespace sluice {

class SplicePipe;

struct QueuePiece {
  QueuePiece* next;
  uint32_t begin;
  uint32_t end;
  uint32_t capacity;
  bool wiped;  // its bytes were secret on the wire: nothing of them stays in freed memory
  SplicePipe* pipe;  // holds the bytes and this piece; null: they lie behind it
  uint32_t Size() const { return static_cast<uint32_t>(sizeof *this) + capacity; }
  uint8_t* Bytes() { return reinterpret_cast<uint8_t*>(this + 1); }
};

struct SendQueue {
  QueuePiece* head;
  QueuePiece* tail;
  uint32_t bytes;
  /** Heap bytes of all pieces and bytes in pipes: what the queue really costs. */
  uint32_t capacity;

  bool Empty() const { return bytes == 0; }
  /** Copies; false when memory is short, the queue is then cut short and must be cleared. */
  bool Append(const uint8_t* data, size_t length, bool wiped);
  /** What is left in `pipe`, which is the queue's from now on. */
  void AppendPipe(SplicePipe* pipe);
  /** Not null when the first bytes are in a pipe. Who takes some out of it consumes them here. */
  SplicePipe* FirstPipe() const { return head == nullptr ? nullptr : head->pipe; }
  /** Fills `vectors` with the first bytes of the queue, up to what is in a pipe; returns how many. */
  int Gather(iovec* vectors, int count) const;
  /** Drops the first `length` bytes (at most `bytes`). */
  void Consume(size_t length);
  void Clear();
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_SEND_QUEUE_H_
