// Bytes in and out of one connection: receiving into the pool, gathering sends, the queue of what a socket did not take.
// Decides nothing about when a connection may be served; that is the order of turns.

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "socket-calls.h"
#include "transport.h"

namespace sluice {

namespace {

/** Below this much room in the pool a connection waits for the next batch. */
constexpr uint32_t kReceiveMin = 2048;
/**
 * The most of a connection's first read after a pause. A head fits; what follows a head is mostly relayed, and then takes fewer
 * system calls, and no room in the pool.
 */
constexpr uint32_t kFirstReceiveMax = 16 * 1024;
constexpr int kFlushVectors = 16;
/** Pieces that are this short together are cheaper to copy than to describe to the kernel one by one. */
constexpr size_t kCopyMax = 2048;

msghdr Message(iovec* vectors, int count) {
  msghdr message = {};
  message.msg_iov = vectors;
  message.msg_iovlen = static_cast<size_t>(count);
  return message;
}

size_t TotalLength(const iovec* vectors, int count) {
  size_t total = 0;
  for (int i = 0; i < count; i++) total += vectors[i].iov_len;
  return total;
}

ssize_t TrySend(int fd, iovec* vectors, int count, size_t total) {
  if (count == 1) return SendNow(fd, vectors[0].iov_base, vectors[0].iov_len);
  if (total > kCopyMax) {
    const msghdr message = Message(vectors, count);
    return SendMessageNow(fd, &message);
  }
  uint8_t copy[kCopyMax];
  size_t at = 0;
  for (int i = 0; i < count; i++) {
    memcpy(copy + at, vectors[i].iov_base, vectors[i].iov_len);
    at += vectors[i].iov_len;
  }
  return SendNow(fd, copy, at);
}

/** Bytes taken by the socket, 0 when it is full, or -errno. `total` is the length of all vectors. */
ssize_t SendMessage(int fd, iovec* vectors, int count, size_t total) {
  for (;;) {
    const ssize_t sent = TrySend(fd, vectors, count, total);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    return errno == EAGAIN ? 0 : -errno;
  }
}

}  // namespace

void StreamTransport::ReadInput(Connection* c) {
  if (c->Has(kInputEnded | kPaused)) {
    CheckSocketError(c);
    return;
  }
  if (!c->Has(kReadable)) return;
  const uint32_t room = options_.receivePoolBytes - pool_used_;
  if (c->pending != 0 || ring_.Full() || room < std::min(kReceiveMin, options_.receiveMaxBytes)) {
    ready_.Append(c);
    return;
  }
  const uint32_t most = c->Has(kStreaming) ? options_.receiveMaxBytes : std::min(kFirstReceiveMax, options_.receiveMaxBytes);
  const uint32_t wanted = std::min(room, most);
  uint8_t* const target = regions_.memory + pool_used_;
  const ssize_t count = c->tls == nullptr ? ReceiveNow(c->fd, target, wanted) : ReceiveTls(c, target, wanted);
  if (count > 0) {
    const uint32_t length = static_cast<uint32_t>(count);
    ring_.Emit(kEventData, c->Id(), static_cast<int32_t>(pool_used_), static_cast<int32_t>(length), 0);
    pool_used_ += std::min(room, (length + 7u) & ~7u);
    c->receivedBytes += length;
    Touch(c);
    if (length < wanted) {
      c->Clear(kStreaming);
    } else {
      c->Set(kStreaming);
    }
    if (length < wanted && !c->Has(kHangup | kMoreInside)) {
      c->Clear(kReadable);
    } else {
      ready_.Append(c);
    }
  } else if (count == 0) {
    EndInput(c);
  } else {
    ReadFailed(c, errno);
  }
}

void StreamTransport::EndInput(Connection* c) {
  c->Set(kInputEnded);
  if (c->Has(kSendBroken)) {
    Break(c, c->error);
    return;
  }
  Raise(c, kPendingEnd);
  FinishIfBothEnded(c);
}

void StreamTransport::ReadFailed(Connection* c, int error) {
  if (error == EINTR) {
    ready_.Append(c);
  } else if (error != EAGAIN) {
    Break(c, c->Has(kSendBroken) ? c->error : error);
  } else {
    c->Clear(kReadable);
    if (c->Has(kSendBroken)) Break(c, c->error);
  }
}

/** Notices a reset of a connection that is not read now; unread bytes from before it are kept for RESUME. */
void StreamTransport::CheckSocketError(Connection* c) {
  if (!c->Has(kSocketError)) return;
  if (c->tls != nullptr && HoldsDecrypted(c)) return;
  int unread = 0;
  if (ioctl(c->fd, FIONREAD, &unread) == 0 && unread > 0) return;
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  Break(c, error != 0 ? error : ECONNRESET);
}

void StreamTransport::PublishQueue(Connection* c) {
  regions_.queuedBytes[c->index] = c->queue.bytes;
  if (c->queue.capacity == c->countedQueue) return;
  queued_total_ += uint64_t{c->queue.capacity} - c->countedQueue;
  c->countedQueue = c->queue.capacity;
  PublishTotal(kHeaderQueued, queued_total_);
}

/** As the double that begins at this word. */
void StreamTransport::PublishTotal(HeaderWord word, uint64_t total) {
  const double number = static_cast<double>(total);
  memcpy(&regions_.header[word], &number, sizeof number);
}

/** The socket took so much: not nothing. */
void StreamTransport::NoteSent(Connection* c, size_t length) {
  c->sentBytes += length;
  Touch(c);
  if (!c->Has(kSpeaksFirst)) return;
  c->Clear(kSpeaksFirst);
  AcknowledgeAsUsual(c->fd);
}

/** Sends now what the socket takes and queues the rest. The caller has checked that sending is still allowed. */
void StreamTransport::SendVectors(Connection* c, iovec* vectors, int count, bool from_javascript) {
  if (c->tls != nullptr) return SendVectorsTls(c, vectors, count, from_javascript);
  size_t sent = 0;
  if (c->state == ConnectionState::kOpen && c->Has(kWritable) && c->queue.Empty()) {
    const size_t total = TotalLength(vectors, count);
    const ssize_t taken = SendMessage(c->fd, vectors, count, total);
    if (taken < 0) {
      SendFailed(c, static_cast<int>(-taken));
      return;
    }
    sent = static_cast<size_t>(taken);
    if (sent > 0) NoteSent(c, sent);
    if (sent == total) return;
    c->Clear(kWritable);
  }
  QueueRest(c, vectors, count, sent, from_javascript);
}

void StreamTransport::QueueRest(Connection* c, const iovec* vectors, int count, size_t skip, bool from_javascript) {
  const size_t rest = TotalLength(vectors, count) - skip;
  if (rest > options_.queueMaxBytes - std::min(options_.queueMaxBytes, c->queue.bytes)) {
    Abort(c, ENOBUFS);
    return;
  }
  for (int i = 0; i < count; i++) {
    const size_t passed = std::min(skip, vectors[i].iov_len);
    skip -= passed;
    const uint8_t* bytes = static_cast<const uint8_t*>(vectors[i].iov_base) + passed;
    if (!c->queue.Append(bytes, vectors[i].iov_len - passed, wipes_)) {
      Abort(c, ENOMEM);
      return;
    }
  }
  if (from_javascript) c->Set(kReportDrained);
  PublishQueue(c);
}

void StreamTransport::FlushQueue(Connection* c) {
  if (c->tls != nullptr) return FlushQueueTls(c);
  size_t budget = kTurnBytes;
  while (!c->queue.Empty()) {
    const bool piped = c->queue.FirstPipe() != nullptr;
    size_t offered = 0;
    const ssize_t taken = SendFirst(c, c->queue.bytes, &offered);
    if (taken < 0) {
      SendFailed(c, static_cast<int>(-taken));
      return;
    }
    c->queue.Consume(static_cast<size_t>(taken));
    if (taken > 0) NoteSent(c, static_cast<size_t>(taken));
    // A pipe that was emptied in part is tried again: only a refusal makes the kernel announce room.
    if (taken == 0 || (!piped && static_cast<size_t>(taken) < offered)) {
      c->Clear(kWritable);
      break;
    }
    if (offered >= budget) {
      ready_.Append(c);
      break;
    }
    budget -= offered;
  }
  PublishQueue(c);
  if (c->queue.Empty()) QueueSent(c);
}

/** Offers the socket what stands first in the queue, at most `most` bytes of it: bytes taken, 0 when it is full, or -errno. */
ssize_t StreamTransport::SendFirst(Connection* c, size_t most, size_t* offered) {
  SplicePipe* pipe = c->queue.FirstPipe();
  if (pipe != nullptr) {
    *offered = std::min(most, pipe->Held());
    const ssize_t taken = pipe->Drain(c->fd, *offered);
    if (taken >= 0) return taken;
    return errno == EAGAIN ? 0 : -errno;
  }
  iovec vectors[kFlushVectors];
  const int count = c->queue.Gather(vectors, kFlushVectors);
  int used = 0;
  for (*offered = 0; used < count && *offered < most; used++) {
    vectors[used].iov_len = std::min(vectors[used].iov_len, most - *offered);
    *offered += vectors[used].iov_len;
  }
  return SendMessage(c->fd, vectors, used, *offered);
}

/** Nothing is queued any more: what waited for that. */
void StreamTransport::QueueSent(Connection* c) {
  if (c->Has(kReportDrained)) {
    c->Clear(kReportDrained);
    Raise(c, kPendingDrained);
  }
  if (c->Has(kShutdownWanted) && !c->Has(kClosing)) DoShutdown(c);
  if (c->Has(kBlocksRelay)) WakeSources(c);
}

/**
 * The peer takes nothing more. What it sent before (an early answer, for one) is still delivered; CLOSED follows when that is read.
 * While paused nobody would read it, so the end is reported at once.
 */
void StreamTransport::SendFailed(Connection* c, int error) {
  if (c->Has(kPaused | kInputEnded | kClosing) || (error != EPIPE && error != ECONNRESET)) {
    Break(c, error);
    return;
  }
  c->Set(kSendBroken | kReadable | kHangup);
  c->Clear(kReportDrained);
  c->pending &= static_cast<uint8_t>(~kPendingDrained);
  c->error = error;
  c->queue.Clear();
  PublishQueue(c);
  DetachSources(c);
  ready_.Append(c);
}

}  // namespace sluice
