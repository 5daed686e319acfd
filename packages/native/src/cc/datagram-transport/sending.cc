// One socket's batch on its way out: what to do about messages the kernel cannot segment, sockets that take nothing now, and errors.
// What has to wait is copied into the socket's queue; beyond the bound it is dropped, as UDP may.

#include "transport.h"

namespace sluice {
namespace datagram {

namespace {

/** Answers to a segmented message that say: send them one by one. */
bool RefusesSegments(int error) {
  return error == EINVAL || error == EMSGSIZE || error == EIO || error == EOPNOTSUPP || error == ENOPROTOOPT;
}

constexpr uint32_t kAnySegment = 65536;

}  // namespace

/** Datagrams of so many bytes or more are not sent together. */
uint32_t DatagramTransport::SegmentLimit(const Target& target) const {
  if (!segments_) return 0;
  return *target.segmentRefused != 0 ? *target.segmentRefused : kAnySegment;
}

void DatagramTransport::AddToBatch(const Target& target, Flow* flow, uint8_t* bytes, uint32_t length, uint32_t segment,
                                   int* error) {
  const uint32_t limit = SegmentLimit(target);
  // Together over IPv6 more may have come than IPv4 takes in one message.
  const bool whole = length <= segment || (segment < limit && length <= kMessageMax);
  uint32_t at = 0;
  do {
    const uint32_t piece = whole || length - at < segment ? length - at : segment;
    if (batch_.Full()) SendBatchTo(target, error);
    batch_.Add(flow, bytes + at, piece, segment, limit);
    at += piece;
  } while (at < length);
}

void DatagramTransport::NoteSent(const SendEntry& entry, bool to_client) {
  if (to_client) {
    entry.flow->toClient += entry.datagrams;
    entry.flow->bytesToClient += entry.total;
  }
  Count(to_client ? kTotalToClients : kTotalToServers, entry.datagrams);
}

void DatagramTransport::NoteLost(const SendEntry& entry) {
  entry.flow->dropped += entry.datagrams;
  Count(kTotalDroppedSend, entry.datagrams);
}

bool DatagramTransport::SendBatchTo(const Target& target, int* error) {
  int at = 0;
  // Order: nothing overtakes what waits already.
  bool full = !target.queue->Empty();
  while (!full && at < batch_.Count()) {
    const int sent = batch_.Send(target.fd, at, target.family);
    for (int i = at; i < at + sent; i++) {
      NoteSent(batch_.At(i), target.family != 0);
      if (batch_.At(i).datagrams > 1) Count(kTotalSentTogether, batch_.At(i).datagrams);
    }
    if (sent > 0) {
      at += sent;
      continue;
    }
    const bool splits = batch_.At(at).datagrams > 1 && RefusesSegments(-sent);
    const int failure = splits ? SendSplit(target, at) : -sent;
    full = failure == EAGAIN;
    if (failure == 0) at++;
    if (failure == 0 || full) continue;
    *error = failure;
    NoteLost(batch_.At(at++));
    // A server that is gone takes the rest neither.
    if (target.family == 0 && !IsPassing(failure)) break;
  }
  if (full) {
    QueueRest(target, at);
  } else {
    for (; at < batch_.Count(); at++) NoteLost(batch_.At(at));
  }
  batch_.Clear();
  return full;
}

/** 0, or errno and the entry is what is left. Remembers the size, so that such datagrams are not put together again. */
int DatagramTransport::SendSplit(const Target& target, int at) {
  const SendEntry& entry = batch_.At(at);
  const uint32_t known = SegmentLimit(target);
  if (entry.segment < known) *target.segmentRefused = static_cast<uint16_t>(entry.segment);
  int error = 0;
  const uint32_t sent = batch_.SendSingly(target.fd, at, target.family, &error);
  SendEntry done = entry;
  done.datagrams = sent;
  done.total = sent == entry.datagrams ? entry.total : sent * entry.segment;
  NoteSent(done, target.family != 0);
  if (error != 0) batch_.Shorten(at, sent);
  return error;
}

void DatagramTransport::QueueRest(const Target& target, int first) {
  const size_t before = target.queue->Bytes();
  for (int i = first; i < batch_.Count(); i++) {
    const SendEntry& entry = batch_.At(i);
    const iovec* pieces = batch_.Pieces(i);
    for (int piece = 0; piece < batch_.PieceCount(i); piece++) {
      const uint32_t length = static_cast<uint32_t>(pieces[piece].iov_len);
      const uint32_t segment = entry.segment > 0 ? entry.segment : 1;
      const bool fits = target.queue->Bytes() + sizeof(QueuedDatagram) + length <= options_.queueMaxBytes;
      if (fits && target.queue->Append(entry.flow->Id(), static_cast<uint8_t*>(pieces[piece].iov_base), length, segment)) continue;
      const uint32_t datagrams = DatagramsIn(length, segment);
      entry.flow->dropped += datagrams;
      Count(kTotalDroppedQueue, datagrams);
    }
  }
  ChangeQueued(before, target.queue->Bytes());
}

bool DatagramTransport::SendQueue(const Target& target, int* error) {
  // What is sent must not be taken for something that waits.
  DatagramQueue waiting = {};
  ChangeQueued(target.queue->Bytes(), 0);
  waiting.TakeAll(target.queue);
  bool full = false;
  // Towards clients an error is a matter of one of them.
  while (!waiting.Empty() && !full && (target.family != 0 || *error == 0 || IsPassing(*error))) {
    int gathered = 0;
    for (QueuedDatagram* next = waiting.First(); next != nullptr && !batch_.Full(); next = next->next, gathered++) {
      Flow* flow = table_.Find(next->flow);
      // Its client has no flow any more.
      if (flow == nullptr || flow->state != FlowState::kOpen) {
        Count(kTotalDroppedSend, DatagramsIn(next->length, next->segment));
        continue;
      }
      const bool whole = next->length <= next->segment || next->segment < SegmentLimit(target);
      if (!whole && batch_.Count() > 0) break;
      AddToBatch(target, flow, next->Bytes(), next->length, next->segment, error);
    }
    full = SendBatchTo(target, error);
    for (; gathered > 0; gathered--) waiting.DropFirst();
  }
  // Behind what was put back just now.
  ChangeQueued(0, waiting.Bytes());
  target.queue->TakeAll(&waiting);
  return !target.queue->Empty();
}

uint32_t DatagramTransport::LoseQueue(DatagramQueue* queue, Total total) {
  uint32_t datagrams = 0;
  for (QueuedDatagram* lost = queue->First(); lost != nullptr; lost = lost->next) {
    datagrams += DatagramsIn(lost->length, lost->segment);
  }
  Count(total, datagrams);
  ChangeQueued(queue->Bytes(), 0);
  queue->Clear();
  return datagrams;
}

}  // namespace datagram
}  // namespace sluice
