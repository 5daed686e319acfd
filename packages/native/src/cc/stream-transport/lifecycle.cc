// From a descriptor to a seat and back: registering, connecting, half-closing, lingering, breaking, releasing.
// JavaScript learns of an end exactly once: by CLOSED or CONNECT_FAILED, or never when it closed the connection itself.

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>

#include "transport.h"

namespace sluice {

namespace {

/** Input thrown away after CLOSE before the descriptor is closed regardless. */
constexpr uint64_t kDiscardMax = 16 * 1024 * 1024;
/** Least patience (milliseconds without progress) while queued bytes of a closing connection are sent. */
constexpr uint32_t kSendPatienceMinMs = 5000;
/** What the peer must take within that patience: a reader of single bytes would keep the queue for days. */
constexpr uint64_t kSendProgressMin = 1024;

int ConnectError(const Connection* c) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error == 0 && !c->Has(kWritable) ? ECONNREFUSED : error;
}

}  // namespace

/** Seats a descriptor and adds it to epoll, once for its whole life. On failure the descriptor stays the caller's. */
int StreamTransport::Register(int fd, bool tcp, Connection** out) {
  Connection* c = table_.Take();
  if (c == nullptr) return table_.Full() ? ENOBUFS : ENOMEM;
  if (tcp) c->Set(kTcp);
  epoll_event event;
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = static_cast<uint32_t>(c->Id());
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    const int error = errno;
    table_.Retire(c);
    return error;
  }
  c->fd = fd;
  Touch(c);
  PublishQueue(c);
  PublishCount();
  *out = c;
  return 0;
}

/** `abort`: with RST instead of FIN. */
void StreamTransport::CloseDescriptor(Connection* c, bool abort) {
  if (c->fd < 0) return;
  if (abort && c->Has(kTcp)) {
    const linger now = {1, 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  if (c->Has(kAdopted)) epoll_ctl(epoll_, EPOLL_CTL_DEL, c->fd, nullptr);
  close(c->fd);
  c->fd = -1;
  wake_listeners_ = true;
}

void StreamTransport::Break(Connection* c, int error) { BreakWith(c, error, false); }
void StreamTransport::Abort(Connection* c, int error) { BreakWith(c, error, true); }

/** Ends a connection for a reason JavaScript does not know yet (error 0: both directions ended in order). */
void StreamTransport::BreakWith(Connection* c, int error, bool abort) {
  if (c->state == ConnectionState::kBroken || c->state == ConnectionState::kFree) return;
  if (c->tls != nullptr && !abort) LetAlertPass(c);
  CloseDescriptor(c, abort);
  if (c->Has(kClosing)) {
    Release(c);
    return;
  }
  DetachSources(c);
  Connection* const destination = c->relayTo;
  UnlinkRelay(c);  // its RELAYED event is written with CLOSED
  c->queue.Clear();
  PublishQueue(c);
  wheel_.Cancel(c);
  ready_.Remove(c);
  c->pending &= static_cast<uint8_t>(~kPendingDeadline);
  c->error = error;
  c->state = ConnectionState::kBroken;
  Raise(c, kPendingClosed);
  // Both of its directions had ended before the relay was served: what it owes its destination is the end alone.
  if (destination != nullptr && c->Has(kInputEnded) && (c->relayFlags & kRelayShutdown) != 0) WantShutdown(destination);
}

/** Gives the seat back; the id is dead. */
void StreamTransport::Release(Connection* c) {
  CloseDescriptor(c, false);
  if (c->tls != nullptr) DropTls(c);
  DetachSources(c);
  UnlinkRelay(c);
  c->relaying = false;
  wheel_.Cancel(c);
  ready_.Remove(c);
  eventful_.Remove(c);
  c->pending = 0;
  LeaveListener(c);
  wake_listeners_ = true;
  table_.Retire(c);
  PublishQueue(c);
  PublishCount();
}

void StreamTransport::FinishConnect(Connection* c) {
  if (!c->Has(kWritable | kHangup)) return;
  // A failure always comes with EPOLLERR or EPOLLHUP.
  const int error = c->Has(kHangup) ? ConnectError(c) : 0;
  if (error != 0) {
    Break(c, error);
  } else {
    BecomeOpen(c);
  }
}

void StreamTransport::BecomeOpen(Connection* c) {
  c->state = ConnectionState::kOpen;
  c->everOpen = true;
  c->Set(kWritable);
  Touch(c);
  if (!c->Has(kClosing)) Raise(c, kPendingConnected);
  if (c->queue.Empty()) {
    if (c->Has(kShutdownWanted)) DoShutdown(c);
    if (c->Has(kBlocksRelay)) WakeSources(c);
  }
  if (c->state == ConnectionState::kOpen) ready_.Append(c);
}

void StreamTransport::WantShutdown(Connection* c) {
  if (c->state == ConnectionState::kBroken || c->Has(kShutdownWanted)) return;
  c->Set(kShutdownWanted);
  DetachSources(c);
  if (c->state == ConnectionState::kOpen && c->queue.Empty()) DoShutdown(c);
}

void StreamTransport::DoShutdown(Connection* c) {
  if (c->Has(kShutdownDone)) return;
  // Comes here again when the handshake is done or the socket takes bytes.
  if (c->tls != nullptr && !SendCloseNotify(c)) return;
  // What is closed at once anyway sends its FIN by that, unless somebody else has the descriptor too. Fails only when the peer has
  // reset the connection; the next read tells.
  const bool closes = c->Has(kInputEnded) && !c->Has(kClosing | kAdopted);
  if (!closes) shutdown(c->fd, SHUT_WR);
  c->Set(kShutdownDone);
  FinishIfBothEnded(c);
}

void StreamTransport::FinishIfBothEnded(Connection* c) {
  if (c->Has(kClosing) || !c->Has(kInputEnded) || !c->Has(kShutdownDone)) return;
  Break(c, 0);
}

void StreamTransport::StartLingering(Connection* c, uint32_t linger_ms) {
  const bool nothing_to_do =
      c->state == ConnectionState::kBroken || c->Has(kSendBroken) ||
      (c->state == ConnectionState::kConnecting && c->queue.Empty());
  if (nothing_to_do) {
    Release(c);
    return;
  }
  DetachSources(c);
  UnlinkRelay(c);
  c->relaying = false;
  c->pending = 0;
  eventful_.Remove(c);
  wheel_.Cancel(c);
  c->Clear(kPaused | kReportDrained);
  c->Set(kClosing | kShutdownWanted | kReadable);
  c->lingerMs = linger_ms;
  c->idleMs = std::max(linger_ms, kSendPatienceMinMs);
  c->Set(kIdleDeadline);
  c->deadlineMs = now_ms_ + c->idleMs;
  c->relayMoved = 0;
  c->endedMoved = 0;
  if (!c->queue.Empty() && TakenBytes(c->Id(), &c->relayMoved) != 0) c->relayMoved = 0;
  Touch(c);
  wheel_.Arm(c);
  ready_.Append(c);
}

/**
 * The deadline of a closing connection has passed; false when it is over. Sockets take bytes in large pieces, so a slow reader may be
 * busy although its queue stands still: what the peer has acknowledged tells.
 */
bool StreamTransport::RenewPatience(Connection* c) {
  if (c->queue.Empty() || c->Has(kShutdownDone)) return false;
  uint64_t taken = 0;
  if (TakenBytes(c->Id(), &taken) != 0 || taken < c->relayMoved + kSendProgressMin) return false;
  c->relayMoved = taken;
  c->Set(kIdleDeadline);
  c->idleMs = std::max(c->lingerMs, kSendPatienceMinMs);
  c->deadlineMs = now_ms_ + c->idleMs;
  wheel_.Arm(c);
  return true;
}

/** One step of a closing connection: send what is queued, half-close, discard input until the peer's FIN. */
void StreamTransport::ServeLingering(Connection* c) {
  if (!c->queue.Empty() && c->Has(kWritable)) FlushQueue(c);
  if (c->state != ConnectionState::kOpen) return;
  if (c->tls != nullptr && c->queue.Empty() && !SendCloseNotify(c)) return;
  if (c->queue.Empty() && c->lingerMs != 0 && !c->Has(kShutdownDone | kInputEnded)) {
    shutdown(c->fd, SHUT_WR);
    c->Set(kShutdownDone);
    wheel_.Cancel(c);
    c->deadlineMs = now_ms_ + c->lingerMs;
    wheel_.Arm(c);
  }
  // Unread input would turn the close into a reset, so what is there is taken even when there is no time to linger.
  if (!Discard(c)) return;
  if (c->queue.Empty() && (c->lingerMs == 0 || c->Has(kInputEnded))) Release(c);
}

/** Reads and throws away what has arrived, within limits; false when the connection was released. */
bool StreamTransport::Discard(Connection* c) {
  size_t budget = kTurnBytes;
  while (c->Has(kReadable) && !c->Has(kInputEnded)) {
    const ssize_t count = recv(c->fd, scratch_.get(), kScratchBytes, 0);
    if (count == 0) {
      c->Set(kInputEnded);
      break;
    }
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) {
        Release(c);
        return false;
      }
      c->Clear(kReadable);
      break;
    }
    c->endedMoved += static_cast<uint64_t>(count);
    if (c->endedMoved > kDiscardMax) {
      Release(c);
      return false;
    }
    if (static_cast<size_t>(count) >= budget) {
      ready_.Append(c);
      break;
    }
    budget -= static_cast<size_t>(count);
  }
  return true;
}

}  // namespace sluice
