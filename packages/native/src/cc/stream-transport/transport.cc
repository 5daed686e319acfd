// Turns and batches: epoll readiness to flags, ready connections served in order, events to the ring, commands run.
// What a single connection does with its bytes is in input-output.cc.

#include "transport.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include <new>

#include "../loop/monotonic-clock.h"
#include "../loop/turn-rounds.h"

namespace sluice {

namespace {

/** A batch of fewer events is followed by a look at everything else: the next one would be emptier still. */
constexpr uint32_t kBusyEvents = 4;
/** Events after which timers, other handles and microtasks get their turn, however busy the connections are. */
constexpr uint32_t kDeliverEventsMax = 256;

}  // namespace

StreamTransport::StreamTransport(BatchHost* host, const TransportOptions& options, const TransportRegions& regions)
    : host_(host), options_(options), regions_(regions), ring_(regions.events, options.eventsMax) {}

StreamTransport::~StreamTransport() {
  Destroy();
  if (wipes_) OPENSSL_cleanse(scratch_.get(), kScratchBytes);
}

int StreamTransport::Open() {
  scratch_.reset(new (std::nothrow) uint8_t[kScratchBytes]);
  if (scratch_ == nullptr || !table_.Init(options_.connectionsMax)) return ENOMEM;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return errno;
  RefreshClock();
  wheel_.Start(now_ms_);
  pipes_.Open();
  return 0;
}

void StreamTransport::Destroy() {
  if (destroyed_) return;
  destroyed_ = true;
  for (uint32_t index = 0; index < table_.Touched(); index++) {
    Connection* c = table_.At(index);
    if (c->fd >= 0 && c->state != ConnectionState::kFree) CloseDescriptor(c, false);
    if (c->state == ConnectionState::kFree) continue;
    if (c->tls != nullptr) DropTls(c);
    LeaveListener(c);
    table_.Retire(c);
    PublishQueue(c);
  }
  regions_.header[kHeaderConnections] = 0;
  while (listeners_ != nullptr) {
    Listener* listener = listeners_;
    listeners_ = listener->next;
    if (listener->fd >= 0) close(listener->fd);
    delete listener;
  }
  pipes_.Close();
  if (epoll_ >= 0) close(epoll_);
  epoll_ = -1;
}

void StreamTransport::RefreshClock() {
  const Moment now = ReadClock();
  now_ms_ = now.ms;
  now_exact_ms_ = now.exactMs;
  memcpy(&regions_.header[kHeaderNow], &now.exactMs, sizeof now.exactMs);
}

void StreamTransport::Turn() {
  if (destroyed_ || turning_) return;
  turning_ = true;
  handshake_spent_us_ = 0;
  polls_again_ = true;
  for (TurnRounds rounds;;) {
    if (table_.Recycle()) wake_listeners_ = true;
    const int polled = polls_again_ ? PollSockets() : 0;
    polls_again_ = polled == kPollMax;
    RefreshClock();
    FillBatch();
    const double began_ms = now_exact_ms_;
    const bool delivers = ring_.Count() > 0;
    if (delivers) {
      delivering_ = true;
      delivered_ = ring_.Count();
      host_->Deliver(ring_.Count());
      delivering_ = false;
      if (destroyed_) break;
      ExecuteCommands();
    } else if (polled >= TurnRounds::kBusySockets) {
      polls_again_ = true;
    }
    if ((!polls_again_ && !NeedsTurn()) || !rounds.MayGoOn(began_ms, delivers)) break;
  }
  turning_ = false;
}

uint32_t StreamTransport::NextBatch() {
  if (destroyed_ || !delivering_) return 0;
  ExecuteCommands();
  if (ring_.Count() < kBusyEvents || delivered_ >= kDeliverEventsMax) return 0;
  handshake_spent_us_ = 0;
  if (table_.Recycle()) wake_listeners_ = true;
  polls_again_ = PollSockets() == kPollMax;
  RefreshClock();
  FillBatch();
  delivered_ += ring_.Count();
  return ring_.Count();
}

void StreamTransport::Flush() {
  if (destroyed_) return;
  if (!delivering_) {
    if (table_.Recycle()) wake_listeners_ = true;
    RefreshClock();
  }
  ExecuteCommands();
}

bool StreamTransport::NeedsTurn() const {
  if (destroyed_) return false;
  if (!ready_.Empty() || !eventful_.Empty()) return true;
  for (const Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
    if (listener->paused != listener->reportedPaused || (listener->paused && wake_listeners_)) return true;
  }
  return false;
}

int64_t StreamTransport::NextDelay() const {
  if (destroyed_) return -1;
  int64_t delay = wheel_.NextDelay(now_ms_);
  for (const Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
    if (!listener->paused || listener->retryAtMs == 0) continue;
    const int64_t wait = listener->retryAtMs <= now_ms_ ? 0 : static_cast<int64_t>(listener->retryAtMs - now_ms_);
    if (delay < 0 || wait < delay) delay = wait;
  }
  return delay;
}

/** Turns epoll readiness into flags. Returns the number of sockets that had something, or a negative one. */
int StreamTransport::PollSockets() {
  const int count = epoll_wait(epoll_, poll_, kPollMax, 0);
  for (int i = 0; i < count; i++) {
    const uint64_t data = poll_[i].data.u64;
    if ((data & kListenerBit) != 0) {
      Listener* listener = FindListener(static_cast<uint16_t>(data & 0xffff));
      if (listener != nullptr) listener->ready = true;
      continue;
    }
    Connection* c = table_.Find(static_cast<int32_t>(data));
    if (c == nullptr || c->fd < 0) continue;
    const uint32_t mask = poll_[i].events;
    if ((mask & EPOLLOUT) != 0) c->Set(kWritable);
    if ((mask & EPOLLIN) != 0) c->Set(kReadable | kSocketReadable);
    if ((mask & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) c->Set(kReadable | kSocketReadable | kHangup);
    if ((mask & EPOLLERR) != 0) c->Set(kSocketError);
    ready_.Append(c);
  }
  return count;
}

void StreamTransport::FillBatch() {
  ring_.Clear();
  pool_used_ = 0;
  round_++;
  EmitPending();
  ServeListeners();
  ServeReady();
  // After reading: bytes that arrived in time count, also when the loop itself was late.
  ExpireDeadlines();
  EmitPending();
}

void StreamTransport::ServeReady() {
  // Each connection at most once: those served again in the next round come after all others.
  for (uint32_t left = ready_.Size(); left > 0 && !ring_.Full(); left--) {
    Connection* c = ready_.TakeFirst();
    if (c == nullptr) break;
    if (c->servedRound == round_) {
      ready_.Append(c);
    } else {
      c->servedRound = round_;
      Serve(c);
    }
  }
}

void StreamTransport::Serve(Connection* c) {
  if (c->state == ConnectionState::kConnecting) FinishConnect(c);
  if (c->state != ConnectionState::kOpen) return;
  if (c->tls != nullptr) return ServeTls(c);
  if (c->Has(kClosing)) {
    ServeLingering(c);
    return;
  }
  if (!c->queue.Empty() && c->Has(kWritable)) FlushQueue(c);
  if (c->state != ConnectionState::kOpen) return;
  if (c->relaying) {
    RunRelay(c);
  } else {
    ReadInput(c);
  }
}

void StreamTransport::ExpireDeadlines() {
  for (;;) {
    Connection* c = wheel_.TakeExpired(now_ms_);
    if (c == nullptr) return;
    if (c->Has(kClosing)) {
      if (RenewPatience(c)) continue;
      // What is cut short must not look complete.
      if (!c->queue.Empty()) CloseDescriptor(c, true);
      Release(c);
    } else {
      Raise(c, kPendingDeadline);
    }
  }
}

void StreamTransport::Raise(Connection* c, uint8_t pending_event) {
  c->pending |= pending_event;
  eventful_.Append(c);
}

void StreamTransport::EmitPending() {
  while (!ring_.Full()) {
    Connection* c = eventful_.TakeFirst();
    if (c == nullptr) return;
    if (!EmitPendingOf(c)) eventful_.Append(c);
  }
}

void StreamTransport::EmitRelayed(Connection* c, uint64_t moved, RelayEnd reason) {
  ring_.Emit(kEventRelayed, c->Id(), static_cast<int32_t>(static_cast<uint32_t>(moved)),
             static_cast<int32_t>(static_cast<uint32_t>(moved >> 32)), reason);
}

/** With the reason of TLS, if there is one, as text in the pool; without it when the pool is full. */
void StreamTransport::EmitClosed(Connection* c) {
  const int32_t kind = c->everOpen ? kEventClosed : kEventConnectFailed;
  if (c->tls == nullptr || c->error == 0) {
    ring_.Emit(kind, c->Id(), c->error, 0, 0);
    return;
  }
  const char* text = "";
  const int32_t failure = ReasonOfTls(c, &text);
  const uint32_t length = static_cast<uint32_t>(strlen(text));
  const bool fits = options_.receivePoolBytes - pool_used_ >= length + 8;
  ring_.Emit(kind, c->Id(), c->error, failure, static_cast<int32_t>(pool_used_), fits ? static_cast<int32_t>(length) : 0);
  if (!fits) return;
  memcpy(regions_.memory + pool_used_, text, length);
  pool_used_ += (length + 7u) & ~7u;
}

/** Writes the pending events of one connection in their fixed order; false when the ring is full before the last. */
bool StreamTransport::EmitPendingOf(Connection* c) {
  while (c->pending != 0) {
    if (ring_.Full()) return false;
    const uint8_t event = static_cast<uint8_t>(c->pending & -c->pending);
    if (event == kPendingClosed && c->relaying) {
      c->relaying = false;
      EmitRelayed(c, c->relayMoved, c->Has(kInputEnded) ? kRelaySourceEnd : kRelaySourceBroken);
      continue;
    }
    c->pending &= static_cast<uint8_t>(~event);
    switch (event) {
      case kPendingConnected: ring_.Emit(kEventConnected, c->Id(), 0, 0, 0); break;
      case kPendingTlsReady: EmitTlsReady(c); break;
      case kPendingDrained: ring_.Emit(kEventDrained, c->Id(), 0, 0, 0); break;
      case kPendingEnd: ring_.Emit(kEventEnd, c->Id(), 0, 0, 0); break;
      case kPendingDeadline: ring_.Emit(kEventDeadline, c->Id(), 0, 0, 0); break;
      case kPendingRelayed:
        EmitRelayed(c, c->endedMoved, c->endedReason);
        if (c->relaying && c->state != ConnectionState::kBroken) ready_.Append(c);
        break;
      case kPendingClosed:
        EmitClosed(c);
        Release(c);
        return true;
    }
  }
  return true;
}

}  // namespace sluice
