// splice(2) between sockets and one pipe. The pipe holds as many pages as the kernel allows an ordinary user.

#include "splice-pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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
  if (read_end_ >= 0) return true;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  read_end_ = ends[0];
  write_end_ = ends[1];
  // A smaller pipe works too, in smaller steps.
  fcntl(write_end_, F_SETPIPE_SZ, kPipeBytes);
  return true;
}

void SplicePipe::Close() {
  if (read_end_ >= 0) close(read_end_);
  if (write_end_ >= 0) close(write_end_);
  read_end_ = write_end_ = -1;
}

ssize_t SplicePipe::Fill(int socket, size_t length) { return Move(socket, write_end_, length); }

ssize_t SplicePipe::Drain(int socket, size_t length) { return Move(read_end_, socket, length); }

ssize_t SplicePipe::TakeOut(uint8_t* buffer, size_t length) {
  for (;;) {
    const ssize_t count = read(read_end_, buffer, length);
    if (count >= 0 || errno != EINTR) return count;
  }
}

}  // namespace sluice
