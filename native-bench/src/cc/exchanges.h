// What both ends of exchanges over TCP have in common: the request (see upstream/exchange-protocol.ts), and sending much of the same byte
// without copying it.

#ifndef SLUICE_BENCH_EXCHANGES_H_
#define SLUICE_BENCH_EXCHANGES_H_

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>

#include "programs.h"

namespace bench {

constexpr size_t kRequestBytes = 64;
constexpr char kFill = 'a';
constexpr size_t kUploadAt = 0;
constexpr size_t kAnswerAt = 4;
/** Less than this is sent from memory. */
constexpr size_t kSmallBytes = 16 * 1024;
constexpr size_t kFileBytes = 1024 * 1024;
/** Read at a time where what is read is thrown away by the kernel. */
constexpr size_t kDiscardBytes = 1024 * 1024;

/** A file in memory, full of the one byte. */
inline int OpenFill() {
  static char fill[kFileBytes];
  memset(fill, kFill, sizeof fill);
  const int file = memfd_create("fill", MFD_CLOEXEC);
  if (file < 0 || write(file, fill, sizeof fill) != static_cast<ssize_t>(sizeof fill)) Fail("memfd");
  return file;
}

/** So many bytes more to send on one connection. */
class Outgoing {
 public:
  void Add(size_t bytes) { left_ += bytes; }
  void Clear() { left_ = 0; }
  bool Empty() const { return left_ == 0; }

  /** Sends what the socket takes now; false when it is broken. */
  bool Send(int socket, int fill) {
    static char few[kSmallBytes];
    if (few[0] == 0) memset(few, kFill, sizeof few);
    while (left_ > 0) {
      off_t from = 0;
      const ssize_t taken = left_ <= kSmallBytes ? send(socket, few, left_, MSG_NOSIGNAL | MSG_DONTWAIT)
                                                 : sendfile(socket, fill, &from, std::min(left_, kFileBytes));
      if (taken < 0) return errno == EAGAIN;
      left_ -= static_cast<size_t>(taken);
    }
    return true;
  }

 private:
  size_t left_ = 0;
};

/** Reads into `buffer`, or throws away, without copying, where more than the buffer holds is to come. */
inline ssize_t Receive(int socket, char* buffer, size_t size, size_t expected) {
  if (expected <= size) return recv(socket, buffer, size, MSG_DONTWAIT);
  return recv(socket, buffer, std::min(expected, kDiscardBytes), MSG_DONTWAIT | MSG_TRUNC);
}

inline void SetNoDelay(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

inline void Watch(int epoll, int operation, int socket, uint64_t data, bool writing) {
  epoll_event event = {};
  event.events = EPOLLIN | (writing ? EPOLLOUT : 0u);
  event.data.u64 = data;
  if (epoll_ctl(epoll, operation, socket, &event) != 0) Fail("epoll_ctl");
}

}  // namespace bench

#endif  // SLUICE_BENCH_EXCHANGES_H_
