// Pipes taken and given back. An empty one is as good as new; one with bytes of a connection inside is never used again.

#include "pipe-pool.h"

#include <sys/resource.h>

#include <algorithm>
#include <new>

namespace sluice {

namespace {

/** Kept while nobody needs them: making one costs as much as moving some hundred KiB. */
constexpr uint32_t kFreeMax = 16;
/** With something inside: at most 128 MiB of socket memory. */
constexpr uint32_t kRestsMax = 128;
/** Descriptors of the process for each pipe that may hold something: these take a sixteenth of them at most. */
constexpr uint64_t kDescriptorsPerRest = 32;

}  // namespace

void PipePool::Open() {
  rlimit limit;
  const uint64_t descriptors = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? uint64_t{limit.rlim_cur} : 0;
  rests_max_ = static_cast<uint32_t>(std::min<uint64_t>(descriptors / kDescriptorsPerRest, kRestsMax));
}

void PipePool::Close() {
  closed_ = true;
  while (free_ != nullptr) {
    SplicePipe* pipe = free_;
    free_ = pipe->next_free_;
    delete pipe;
  }
  free_count_ = 0;
}

SplicePipe* PipePool::Take() {
  SplicePipe* pipe = free_;
  if (pipe != nullptr) {
    free_ = pipe->next_free_;
    free_count_--;
    return pipe;
  }
  pipe = new (std::nothrow) SplicePipe(this);
  if (pipe == nullptr || pipe->Open()) return pipe;
  delete pipe;
  return nullptr;
}

void PipePool::NoteRest(SplicePipe* pipe) {
  pipe->rests_ = true;
  rests_++;
}

void PipePool::Accept(SplicePipe* pipe) {
  if (pipe->rests_) {
    pipe->rests_ = false;
    rests_--;
  }
  if (pipe->held_ > 0 || closed_ || free_count_ >= kFreeMax) {
    delete pipe;
    return;
  }
  pipe->next_free_ = free_;
  free_ = pipe;
  free_count_++;
}

}  // namespace sluice
