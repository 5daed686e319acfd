// From clients to servers: one batch from a bound socket is sorted by flow, then each flow's part leaves with one call. Order within
// a flow is the order of arrival.

#include "transport.h"

namespace sluice {
namespace datagram {

namespace {

/** Batches from one socket before others get their turn. */
constexpr int kBatchesMax = 4;
constexpr int kBulkBatchesMax = kBatchesMax * kSlots / kBulkSlots;
/** So many at once may have been more: the smallest buffers are full with some dozens. */
constexpr int kBurst = 8;

}  // namespace

void DatagramTransport::ServeListener(Listener* listener) {
  for (int batch = 0; batch < (listener->bulk ? kBulkBatchesMax : kBatchesMax); batch++) {
    const int wanted = listener->bulk ? kBulkSlots : kSlots;
    const int count = received_.Receive(listener->fd, 0, wanted, true);
    if (count < 0) {
      // An error of the socket itself is told once; the next datagram raises another event.
      if (count == -EAGAIN) ReadToTheEnd(listener);
      return;
    }
    chained_count_ = 0;
    uint64_t bytes = 0;
    for (int slot = 0; slot < count; slot++) {
      bytes += received_.At(slot).length;
      Sort(listener, slot);
    }
    listener->bulk = bytes > kBulkMessageBytes * static_cast<uint64_t>(count);
    if (listener->bulk || count >= kBurst) listener->burst = true;
    for (int i = 0; i < chained_count_; i++) Forward(chained_[i]);
    if (count < wanted) {
      ReadToTheEnd(listener);
      return;
    }
  }
}

void DatagramTransport::ReadToTheEnd(Listener* listener) {
  listener->ready = false;
  LookForDrops(listener);
}

/** Finds or makes the flow of a datagram, and puts the datagram at the end of the flow's part of the batch. */
void DatagramTransport::Sort(Listener* listener, int slot) {
  const ReceivedDatagram& datagram = received_.At(slot);
  const uint32_t datagrams = DatagramsIn(datagram.length, datagram.segment);
  Count(kTotalFromClients, datagrams);
  if (datagrams > 1) Count(kTotalReceivedTogether, datagrams);
  Count(kTotalBytesFromClients, datagram.length);
  ClientAddress client;
  if (!ReadAddress(received_.Name(slot), &client) || client.port == 0) {
    Count(kTotalDroppedNoSeat, datagrams);
    return;
  }
  Flow* flow = FindFlow(listener, slot, client);
  if (flow == nullptr) flow = MakeFlow(listener, client, datagrams);
  if (flow == nullptr) return;
  LocalAddress local;
  if (listener->wildcard && received_.ReadLocal(slot, &local)) {
    memcpy(flow->local, local.bytes, sizeof flow->local);
    flow->localScope = local.scope;
  }
  // Now, and not when they are sent on: who has just sent something must not make room for others of the same batch.
  if (flow->state == FlowState::kOpen) Touch(flow);
  flow->fromClient += datagrams;
  flow->bytesFromClient += datagram.length;
  if (flow->limited) {
    flow->credit += static_cast<int64_t>(datagram.length) * listener->options.amplification;
    flow->heard = static_cast<uint8_t>(flow->heard + datagrams > 2 ? 2 : flow->heard + datagrams);
    if (flow->heard > 1) flow->limited = false;
  }
  if (flow->chainFirst < 0) {
    chained_[chained_count_++] = flow;
    flow->chainFirst = static_cast<int16_t>(slot);
  } else {
    received_.At(flow->chainLast).next = slot;
  }
  flow->chainLast = static_cast<int16_t>(slot);
}

/** By key before address: whoever brings a known key from a new address takes its flow there. */
Flow* DatagramTransport::FindFlow(Listener* listener, int slot, const ClientAddress& client) {
  const ListenerOptions& options = listener->options;
  const ReceivedDatagram& datagram = received_.At(slot);
  const uint32_t first_length = datagram.length < datagram.segment ? datagram.length : datagram.segment;
  const int64_t offset = first_length == 0 ? -1 : options.KeyOffset(datagram.bytes[0]);
  if (offset < 0 || first_length < offset + options.keyBytes) return table_.FindByAddress(listener, client);
  Flow* flow = table_.FindByKey(listener, datagram.bytes + offset, options.keyBytes);
  Flow* there = table_.FindByAddress(listener, client);
  if (flow == nullptr || flow == there) return there;
  // Two flows cannot have one address; the one that is there goes on.
  if (there != nullptr) return there;
  table_.Move(flow, client);
  // Nothing says that the new address is not somebody else's.
  flow->limited = options.amplification > 0;
  flow->heard = 0;
  flow->credit = 0;
  Count(kTotalMoved);
  return flow;
}

bool DatagramTransport::MakeRoom(Listener* listener) {
  if (listener->flows >= listener->options.flowsMax && !EvictFrom(listener)) return false;
  if (flows_ < options_.flowsMax) return true;
  Listener* stalest = nullptr;
  for (Listener* other = listeners_; other != nullptr; other = other->next) {
    if (other->recent.Empty()) continue;
    if (stalest == nullptr || other->recent.First()->activeMs < stalest->recent.First()->activeMs) stalest = other;
  }
  return EvictFrom(stalest);
}

Flow* DatagramTransport::MakeFlow(Listener* listener, const ClientAddress& client, uint32_t datagrams) {
  if (listener->draining) {
    Count(kTotalDroppedDraining, datagrams);
    return nullptr;
  }
  if (undecided_count_ >= options_.undecidedMax) {
    Count(kTotalDroppedUndecided, datagrams);
    return nullptr;
  }
  Flow* flow = MakeRoom(listener) ? table_.Take(listener, client) : nullptr;
  if (flow == nullptr) {
    Count(kTotalDroppedNoSeat, datagrams);
    return nullptr;
  }
  flow->state = FlowState::kUndecided;
  flow->startedMs = flow->activeMs = now_ms_;
  flow->limited = listener->options.amplification > 0;
  undecided_.Append(flow);
  undecided_count_++;
  flows_++;
  listener->flows++;
  return flow;
}

/** Datagrams of an undecided flow wait one by one, as JavaScript is shown them. */
void DatagramTransport::KeepUndecided(Flow* flow, const ReceivedDatagram& datagram) {
  uint32_t at = 0;
  do {
    const uint32_t length = datagram.length - at < datagram.segment ? datagram.length - at : datagram.segment;
    uint32_t waiting = 0;
    for (QueuedDatagram* queued = flow->queue.First(); queued != nullptr; queued = queued->next) waiting++;
    const size_t before = flow->queue.Bytes();
    const bool fits = waiting < options_.undecidedDatagramsMax && before + length <= options_.queueMaxBytes;
    // The first one always: without it there would be no flow.
    if ((waiting > 0 && !fits) || !flow->queue.Append(flow->Id(), datagram.bytes + at, length, length > 0 ? length : 1)) {
      flow->dropped++;
      Count(kTotalDroppedUndecided);
    }
    ChangeQueued(before, flow->queue.Bytes());
    at += datagram.segment;
  } while (at < datagram.length);
}

void DatagramTransport::Forward(Flow* flow) {
  const int first = flow->chainFirst;
  flow->chainFirst = -1;
  if (first < 0) return;  // evicted since
  if (flow->state == FlowState::kUndecided) {
    for (int slot = first; slot >= 0; slot = received_.At(slot).next) KeepUndecided(flow, received_.At(slot));
    const bool shows = flow->shownFromClient == 0 || flow->shownFromClient < flow->listener->options.inspectFromClient;
    if (flow->queue.Empty()) {
      EndFlow(flow, kEndUndecided, ENOMEM);
      ended_.Remove(flow);
      Forget(flow);
    } else if (shows) {
      unshown_.Append(flow);
    }
    return;
  }
  if (flow->state != FlowState::kOpen) return;
  int error = 0;
  const Target server = ServerOf(flow);
  for (int slot = first; slot >= 0 && flow->state == FlowState::kOpen; slot = received_.At(slot).next) {
    const ReceivedDatagram& datagram = received_.At(slot);
    AddToBatch(server, flow, datagram.bytes, datagram.length, datagram.segment, &error);
  }
  const bool full = SendBatchTo(server, &error);
  if (error != 0 && !IsPassing(error)) {
    EndFlow(flow, kEndServer, error);
  } else if (full && !flow->blocked) {
    flow->blocked = Watch(EPOLL_CTL_MOD, flow->fd, static_cast<uint64_t>(flow->Id()), true);
  }
}

/** What waited for the decision, or for the socket. */
void DatagramTransport::FlushToServer(Flow* flow) {
  int error = 0;
  const bool full = SendQueue(ServerOf(flow), &error);
  if (error != 0 && !IsPassing(error)) {
    EndFlow(flow, kEndServer, error);
  } else if (full != flow->blocked) {
    flow->blocked = Watch(EPOLL_CTL_MOD, flow->fd, static_cast<uint64_t>(flow->Id()), full) && full;
  }
}

}  // namespace datagram
}  // namespace sluice
