// A kernel pipe through which a bulk relay moves pages from socket to socket without copying them, and which stands in the send queue
// of the destination while something is left in it. Decides nothing about whom to relay; who may have one is the pool's business.

#ifndef SLUICE_STREAM_TRANSPORT_SPLICE_PIPE_H_
#define SLUICE_STREAM_TRANSPORT_SPLICE_PIPE_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "send-queue.h"

namespace sluice {

class PipePool;

class SplicePipe {
 public:
  explicit SplicePipe(PipePool* pool) : pool_(pool) {}
  ~SplicePipe();
  SplicePipe(const SplicePipe&) = delete;
  SplicePipe& operator=(const SplicePipe&) = delete;

  /** Once. False when the kernel has none to give. */
  bool Open();
  /** Bytes inside. */
  size_t Held() const { return held_; }

  /** Takes up to `length` bytes out of the socket: as many as it took, 0 at the end of input, or -1 with errno. */
  ssize_t Fill(int socket, size_t length);
  /** Gives up to `length` bytes of what is inside to the socket: as many as it took, or -1 with errno. */
  ssize_t Drain(int socket, size_t length);
  /** Copies up to `length` bytes of what is inside; at least one when something is. */
  ssize_t TakeOut(uint8_t* buffer, size_t length);

  /** As a piece of a queue, with what is inside now. The queue gives the pipe back. */
  QueuePiece* Rest();
  /** Nobody uses it any more; what is inside is lost. The pipe may be gone afterwards. */
  void GiveBack();

 private:
  friend class PipePool;

  PipePool* const pool_;
  SplicePipe* next_free_ = nullptr;
  size_t held_ = 0;
  int read_end_ = -1;
  int write_end_ = -1;
  bool rests_ = false;
  QueuePiece rest_ = {};
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_SPLICE_PIPE_H_
