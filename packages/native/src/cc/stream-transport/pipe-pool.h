// The pipes of one transport: a few empty ones are kept, and only so many may hold something between two calls from outside. Each of
// those costs two descriptors and up to 1 MiB of socket memory. Moves no bytes.

#ifndef SLUICE_STREAM_TRANSPORT_PIPE_POOL_H_
#define SLUICE_STREAM_TRANSPORT_PIPE_POOL_H_

#include <stdint.h>

#include "splice-pipe.h"

namespace sluice {

class PipePool {
 public:
  PipePool() = default;
  ~PipePool() { Close(); }
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  /** Reads the limit of descriptors. */
  void Open();
  /** Closes those that are not in use; later ones are closed when they are given back. */
  void Close();

  /** An empty pipe, or null when the kernel has none to give: copy then, and ask again later. */
  SplicePipe* Take();
  /** What is left in a pipe may stay there; else take it out before the pipe is given back. */
  bool RestsAllowed() const { return rests_ < rests_max_; }

 private:
  friend class SplicePipe;
  void NoteRest(SplicePipe* pipe);
  void Accept(SplicePipe* pipe);

  SplicePipe* free_ = nullptr;
  uint32_t free_count_ = 0;
  uint32_t rests_ = 0;
  uint32_t rests_max_ = 0;
  bool closed_ = false;
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_PIPE_POOL_H_
