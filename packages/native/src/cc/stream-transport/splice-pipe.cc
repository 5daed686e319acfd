// splice(2) between sockets and a pipe, which holds as many pages as the kernel allows an ordinary user.

#include "splice-pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "pipe-pool.h"

namespace sluice {

namespace {

/** The usual /proc/sys/fs/pipe-max-size. Received data may use its pages badly, so there are more of them than bytes need. */
constexpr int kPipeBytes = 1024 * 1024;
constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

ssize_t Move(int from, int to, size_t length) {
  for (;;) {
    const ssize_t moved = splice(from, nullptr, to, nullptr, length, kFlags);
    if (moved >= 0 || errno != EINTR) return moved;
  }
}

}  // namespace

bool SplicePipe::Open() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  read_end_ = ends[0];
  write_end_ = ends[1];
  // A smaller pipe works too, in smaller steps.
  fcntl(write_end_, F_SETPIPE_SZ, kPipeBytes);
  return true;
}

SplicePipe::~SplicePipe() {
  if (read_end_ >= 0) close(read_end_);
  if (write_end_ >= 0) close(write_end_);
}

ssize_t SplicePipe::Fill(int socket, size_t length) {
  const ssize_t moved = Move(socket, write_end_, length);
  if (moved > 0) held_ += static_cast<size_t>(moved);
  return moved;
}

ssize_t SplicePipe::Drain(int socket, size_t length) {
  const ssize_t moved = Move(read_end_, socket, length);
  if (moved > 0) held_ -= static_cast<size_t>(moved);
  return moved;
}

ssize_t SplicePipe::TakeOut(uint8_t* buffer, size_t length) {
  for (;;) {
    const ssize_t count = read(read_end_, buffer, length);
    if (count > 0) held_ -= static_cast<size_t>(count);
    if (count >= 0 || errno != EINTR) return count;
  }
}

QueuePiece* SplicePipe::Rest() {
  pool_->NoteRest(this);
  rest_.next = nullptr;
  rest_.begin = 0;
  rest_.end = rest_.capacity = static_cast<uint32_t>(held_);
  rest_.pipe = this;
  return &rest_;
}

void SplicePipe::GiveBack() { pool_->Accept(this); }

}  // namespace sluice
