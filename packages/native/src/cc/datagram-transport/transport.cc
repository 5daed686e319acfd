// Turns and batches: epoll readiness to lists, sockets served in order, events to the ring. Sockets are watched edge-triggered, so
// whoever is not read to the end stays in a list.

#include "transport.h"

#include <string.h>
#include <unistd.h>

#include "../loop/monotonic-clock.h"
#include "../loop/turn-rounds.h"

namespace sluice {
namespace datagram {

namespace {

void PutNumber(uint8_t* target, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; i++) target[i] = static_cast<uint8_t>(value >> (8 * i));
}

/** Layout: PEER_RECORD_BYTES in stream-transport-records.ts. */
void WritePeerRecord(uint8_t* target, const Flow* flow) {
  memset(target, 0, kPeerRecordBytes);
  const bool mapped = IsMapped(flow->client.bytes);
  PutNumber(target, mapped ? 4 : 6, 2);
  PutNumber(target + 2, flow->client.port, 2);
  memcpy(target + 4, flow->client.bytes + (mapped ? 12 : 0), mapped ? 4 : 16);
  PutNumber(target + 20, flow->client.scope, 4);
  PutNumber(target + 24, flow->listener->port, 2);
}

}  // namespace

DatagramTransport::DatagramTransport(BatchHost* host, const TransportOptions& options, const TransportRegions& regions)
    : host_(host), options_(options), regions_(regions), ring_(regions.events, options.eventsMax) {}

DatagramTransport::~DatagramTransport() { Destroy(); }

int DatagramTransport::Open() {
  // Some ended flows may wait to be reported while their places are taken again.
  if (!table_.Init(options_.flowsMax + options_.flowsMax / 8 + 64) || !received_.Init()) return ENOMEM;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return errno;
  RefreshClock();
  PublishTotals();
  return 0;
}

void DatagramTransport::Destroy() {
  if (destroyed_) return;
  destroyed_ = true;
  for (uint32_t index = 0; index < table_.Touched(); index++) {
    Flow* flow = table_.At(index);
    if (flow->state != FlowState::kFree && flow->fd >= 0) close(flow->fd);
    flow->fd = -1;
  }
  while (listeners_ != nullptr) {
    Listener* listener = listeners_;
    listeners_ = listener->next;
    if (listener->fd >= 0) close(listener->fd);
    listener->queue.Clear();
    delete listener;
  }
  flows_ = undecided_count_ = 0;
  PublishTotals();
  if (epoll_ >= 0) close(epoll_);
  epoll_ = -1;
}

void DatagramTransport::RefreshClock() {
  const Moment now = ReadClock();
  now_ms_ = now.ms;
  now_exact_ms_ = now.exactMs;
  regions_.totals[kTotalNow] = now.exactMs;
}

void DatagramTransport::PublishTotals() {
  totals_[kTotalFlows] = flows_;
  totals_[kTotalUndecided] = undecided_count_;
  totals_[kTotalQueuedBytes] = queued_;
  for (uint32_t i = kTotalFlows; i < kTotals; i++) regions_.totals[i] = static_cast<double>(totals_[i]);
}

void DatagramTransport::Turn() {
  if (destroyed_ || turning_) return;
  turning_ = true;
  polls_again_ = true;
  for (TurnRounds rounds;;) {
    table_.Recycle();
    const int polled = polls_again_ ? PollSockets() : 0;
    polls_again_ = polled == kPollMax;
    RefreshClock();
    FillBatch();
    PublishTotals();
    const double began_ms = now_exact_ms_;
    const bool delivers = ring_.Count() > 0;
    if (delivers) {
      delivering_ = true;
      host_->Deliver(ring_.Count());
      delivering_ = false;
      if (destroyed_) break;
    } else if (polled >= TurnRounds::kBusySockets) {
      polls_again_ = true;
    }
    if ((!polls_again_ && !NeedsTurn()) || !rounds.MayGoOn(began_ms, delivers)) break;
  }
  // Decisions of the handler count too.
  if (!destroyed_) PublishTotals();
  turning_ = false;
}

bool DatagramTransport::NeedsTurn() const {
  if (destroyed_) return false;
  if (!ready_.Empty() || !unshown_.Empty() || !ended_.Empty()) return true;
  for (const Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
    if (listener->gone || listener->ready) return true;
  }
  return false;
}

int64_t DatagramTransport::NextDelay() const {
  if (destroyed_) return -1;
  uint64_t due = ~uint64_t{0};
  if (!undecided_.Empty()) due = undecided_.First()->startedMs + options_.undecidedMs;
  for (const Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
    const Flow* oldest = listener->recent.First();
    if (oldest != nullptr && oldest->activeMs + listener->options.idleMs < due) {
      due = oldest->activeMs + listener->options.idleMs;
    }
  }
  if (due == ~uint64_t{0}) return -1;
  // The clock is cut to whole milliseconds: one more, so that nothing expires early.
  return due < now_ms_ ? 0 : static_cast<int64_t>(due - now_ms_ + 1);
}

/** Number of sockets that had something, or a negative one. */
int DatagramTransport::PollSockets() {
  const int count = epoll_wait(epoll_, poll_, kPollMax, 0);
  for (int i = 0; i < count; i++) {
    const uint64_t data = poll_[i].data.u64;
    const uint32_t mask = poll_[i].events;
    if ((data & kListenerBit) != 0) {
      Listener* listener = FindBySerial(static_cast<uint32_t>(data));
      if (listener == nullptr || listener->fd < 0) continue;
      if ((mask & EPOLLOUT) != 0 && listener->blocked) FlushToClients(listener);
      if ((mask & ~static_cast<uint32_t>(EPOLLOUT)) != 0) listener->ready = true;
      continue;
    }
    Flow* flow = table_.Find(static_cast<int32_t>(data));
    if (flow == nullptr || flow->state != FlowState::kOpen) continue;
    if ((mask & EPOLLERR) != 0) flow->failed = true;
    if ((mask & EPOLLOUT) != 0 && flow->blocked) FlushToServer(flow);
    if ((mask & ~static_cast<uint32_t>(EPOLLOUT)) != 0 && flow->state == FlowState::kOpen) ready_.Append(flow);
  }
  return count;
}

void DatagramTransport::FillBatch() {
  ring_.Clear();
  memory_used_ = 0;
  EmitEvents();
  for (Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
    if (listener->ready) ServeListener(listener);
  }
  ServeFlows();
  // After receiving: what arrived in time counts, also when the loop itself was late.
  Expire();
  EmitEvents();
}

void DatagramTransport::EmitEvents() {
  while (!ring_.Full() && !unshown_.Empty() && EmitUndecided(unshown_.First())) unshown_.TakeFirst();
  while (!ring_.Full() && !ended_.Empty() && EmitEnded(ended_.First())) Forget(ended_.TakeFirst());
  ReportGoneListeners();
}

int64_t DatagramTransport::Reserve(uint32_t bytes) {
  const uint32_t size = (bytes + 7u) & ~7u;
  if (size > options_.memoryBytes - memory_used_) return -1;
  const uint32_t offset = memory_used_;
  memory_used_ += size;
  return offset;
}

/** FLOW_NEW, then FLOW_DATA for further payloads that may be shown; false when there is no room for all of them. */
bool DatagramTransport::EmitUndecided(Flow* flow) {
  const uint32_t shown_max = flow->listener->options.inspectFromClient;
  uint32_t position = 0;
  for (QueuedDatagram* waiting = flow->queue.First(); waiting != nullptr; waiting = waiting->next, position++) {
    if (position < flow->shownFromClient) continue;
    const bool is_first = position == 0;
    if (!is_first && position >= shown_max) return true;
    const uint32_t length = shown_max > 0 ? waiting->length : 0;
    const int64_t offset = ring_.Full() ? -1 : Reserve((is_first ? kPeerRecordBytes : 0) + length);
    if (offset < 0) return false;
    uint32_t at = static_cast<uint32_t>(offset);
    if (is_first) {
      WritePeerRecord(regions_.memory + at, flow);
      at += kPeerRecordBytes;
    }
    if (length > 0) memcpy(regions_.memory + at, waiting->Bytes(), length);
    const int32_t from = static_cast<int32_t>(at);
    const int32_t size = static_cast<int32_t>(length);
    if (is_first) {
      ring_.Emit(kEventFlowNew, flow->Id(), flow->listener->tag, static_cast<int32_t>(offset), from, size);
    } else {
      ring_.Emit(kEventFlowData, flow->Id(), flow->listener->tag, 0, from, size);
    }
    flow->shownFromClient++;
  }
  return true;
}

/** A copy for JavaScript, which cannot hold it up. Not shown when there is no room in this batch. */
void DatagramTransport::ShowAnswer(Flow* flow, const ReceivedDatagram& answer) {
  const uint32_t length = answer.length < answer.segment ? answer.length : answer.segment;
  const int64_t offset = ring_.Full() ? -1 : Reserve(length);
  if (offset < 0) return;
  memcpy(regions_.memory + offset, answer.bytes, length);
  ring_.Emit(kEventFlowAnswer, flow->Id(), flow->listener->tag, 0, static_cast<int32_t>(offset), static_cast<int32_t>(length));
  flow->shownFromServer++;
}

bool DatagramTransport::EmitEnded(Flow* flow) {
  // JavaScript never heard of it.
  if (flow->shownFromClient == 0) return true;
  const int64_t offset = Reserve(kFlowNumbers * sizeof(double));
  if (offset < 0) return false;
  const double numbers[kFlowNumbers] = {
      static_cast<double>(flow->fromClient), static_cast<double>(flow->bytesFromClient),
      static_cast<double>(flow->toClient),   static_cast<double>(flow->bytesToClient),
      static_cast<double>(flow->dropped),    static_cast<double>(now_ms_ - flow->startedMs),
  };
  memcpy(regions_.memory + offset, numbers, sizeof numbers);
  ring_.Emit(kEventFlowClosed, flow->Id(), flow->end, flow->error, static_cast<int32_t>(offset), 0);
  return true;
}

}  // namespace datagram
}  // namespace sluice
