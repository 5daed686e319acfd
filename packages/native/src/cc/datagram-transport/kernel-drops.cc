// What the kernel has dropped because a socket's receive buffer was full (SO_MEMINFO, Linux 4.12; older ones say nothing). Asked when a
// socket has been read to the end, not per datagram: a full buffer has been emptied then.

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "transport.h"

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

namespace sluice {
namespace datagram {

namespace {

/** Also without a burst: a buffer can be full of few large datagrams. */
constexpr uint64_t kLookEveryMs = 100;
/** A flow that never had so many answers has not had more at once, and the smallest buffers take them. */
constexpr uint64_t kAnswersMin = 32;

/** Since the socket was made; wraps around. */
bool ReadDrops(int fd, uint32_t* drops) {
  uint32_t numbers[SK_MEMINFO_VARS] = {};
  socklen_t length = sizeof numbers;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, numbers, &length) != 0) return false;
  if (length < (SK_MEMINFO_DROPS + 1) * sizeof numbers[0]) return false;
  *drops = numbers[SK_MEMINFO_DROPS];
  return true;
}

}  // namespace

/** The first time only takes note of what was before. */
void DatagramTransport::LookForDrops(Listener* listener) {
  if (!listener->burst && listener->lookedMs != 0 && now_ms_ - listener->lookedMs < kLookEveryMs) return;
  uint32_t drops = listener->kernelDrops;
  ReadDrops(listener->fd, &drops);
  if (listener->lookedMs != 0) Count(kTotalDroppedReceiving, drops - listener->kernelDrops);
  listener->kernelDrops = drops;
  listener->lookedMs = now_ms_;
  listener->burst = false;
}

/** Before its socket is closed. */
void DatagramTransport::CountDropsOf(const Flow* flow) {
  uint32_t drops = 0;
  if (flow->toClient + flow->dropped >= kAnswersMin && ReadDrops(flow->fd, &drops)) Count(kTotalDroppedReceiving, drops);
}

}  // namespace datagram
}  // namespace sluice
