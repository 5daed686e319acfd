// From servers to clients: what the sockets of many flows received leaves through the bound socket with one call. A server that is not
// there any more (ICMP port unreachable) ends its flow, after everything it had sent has been passed on.

#include <algorithm>

#include "transport.h"
#include "udp-offload.h"

namespace sluice {
namespace datagram {

namespace {

/** Messages one flow may have in a batch; how many more of these make a turn's work. */
constexpr int kAnswersMax = 32;
constexpr int kTurnAnswers = 1024;
/** So many messages at once are a burst, for which coalescing pays. */
constexpr int kBurst = 4;
/** Looks at a socket whose server sends one datagram at a time: the second one finds nothing. */
constexpr int kLooks = 2;

}  // namespace

void DatagramTransport::ServeFlows() {
  int slot = 0;
  int budget = kTurnAnswers;
  uint64_t bytes = 0;
  answering_ = nullptr;
  while (!ready_.Empty() && budget > 0) {
    Flow* flow = ready_.TakeFirst();
    if (answering_ != flow->listener) {
      SendToClients();
      slot = 0;
      bytes = 0;
      answering_ = flow->listener;
    }
    const int most = !flow->several ? kLooks : flow->bulk ? kBulkSlots : kAnswersMax;
    const int wanted = std::min(most, kSlots - slot);
    const int count = ReceiveAnswers(flow, slot, wanted);
    if (count > 0) bytes += TakeAnswers(flow, slot, count);
    slot += count;
    if (slot > kSlots - kAnswersMax / 2 || bytes > kBatchBytes) {
      SendToClients();
      slot = 0;
      bytes = 0;
    }
    budget -= count + 1;
    if (count == wanted) {
      ready_.Append(flow);
    } else if (flow->error != 0) {
      EndFlow(flow, kEndServer, flow->error);
    } else if (flow->failed) {
      NoteSocketError(flow);
    }
  }
  SendToClients();
  answering_ = nullptr;
}

/** One by one where one at a time is usual: that is cheaper than a call for many. How many, or -errno. */
int DatagramTransport::ReceiveOnce(Flow* flow, int slot, int count) {
  if (flow->several || flow->coalesces) return received_.Receive(flow->fd, slot, count, false);
  int received = 0;
  while (received < count) {
    const int length = received_.ReceiveOne(flow->fd, slot + received);
    if (length < 0) {
      if (received == 0) return length;
      // Told once only.
      if (length != -EAGAIN && !IsPassing(-length)) flow->error = -length;
      break;
    }
    received++;
  }
  return received;
}

/** How many were received, 0 also when there was an error; one that ends the flow is noted in it. */
int DatagramTransport::ReceiveAnswers(Flow* flow, int slot, int count) {
  int received = ReceiveOnce(flow, slot, count);
  if (received < 0 && received != -EAGAIN) {
    // An error comes before what has been received already.
    if (!IsPassing(-received)) flow->error = -received;
    received = ReceiveOnce(flow, slot, count);
  }
  flow->several = received > 1;
  if (received >= kBurst && !flow->coalesces && coalesces_) flow->coalesces = CoalesceReceived(flow->fd);
  return received < 0 ? 0 : received;
}

void DatagramTransport::NoteSocketError(Flow* flow) {
  flow->failed = false;
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(flow->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0 && !IsPassing(error)) EndFlow(flow, kEndServer, error);
}

/** Bytes of an answer that may be passed on: whole datagrams. */
uint32_t DatagramTransport::Allowed(Flow* flow, const ReceivedDatagram& answer) {
  if (!flow->limited || answer.length <= flow->credit) return answer.length;
  const uint32_t datagrams = flow->credit <= 0 ? 0 : static_cast<uint32_t>(flow->credit) / answer.segment;
  return datagrams * answer.segment;
}

/** Puts what was received into the batch for the clients; bytes of it. */
uint64_t DatagramTransport::TakeAnswers(Flow* flow, int slot, int count) {
  Touch(flow);
  uint64_t bytes = 0;
  const Target clients = ClientsOf(flow->listener);
  int ignored = 0;
  for (int i = slot; i < slot + count; i++) {
    const ReceivedDatagram& answer = received_.At(i);
    const uint32_t datagrams = DatagramsIn(answer.length, answer.segment);
    bytes += answer.length;
    Count(kTotalFromServers, datagrams);
    if (datagrams > 1) Count(kTotalReceivedTogether, datagrams);
    Count(kTotalBytesFromServers, answer.length);
    if (flow->shownFromServer < std::max<uint32_t>(flow->listener->options.inspectFromServer, flow->wantedFromServer)) {
      ShowAnswer(flow, answer);
    }
    const uint32_t allowed = Allowed(flow, answer);
    if (allowed < answer.length) {
      const uint32_t dropped = datagrams - allowed / answer.segment;
      flow->dropped += dropped;
      Count(kTotalDroppedAmplification, dropped);
      if (allowed == 0) continue;
    }
    flow->credit -= allowed;
    AddToBatch(clients, flow, answer.bytes, allowed, answer.segment, &ignored);
  }
  flow->bulk = bytes > kBulkMessageBytes * static_cast<uint64_t>(count);
  return bytes;
}

/** Sends the batch, which has answers of one listener only. */
void DatagramTransport::SendToClients() {
  if (batch_.Count() == 0 || answering_ == nullptr) return;
  Listener* listener = answering_;
  int ignored = 0;
  // Errors concern one client each; they are counted.
  const bool full = SendBatchTo(ClientsOf(listener), &ignored);
  if (full && !listener->blocked) listener->blocked = Watch(EPOLL_CTL_MOD, listener->fd, kListenerBit | listener->serial, true);
}

void DatagramTransport::FlushToClients(Listener* listener) {
  int ignored = 0;
  const bool full = SendQueue(ClientsOf(listener), &ignored);
  if (full != listener->blocked) {
    listener->blocked = Watch(EPOLL_CTL_MOD, listener->fd, kListenerBit | listener->serial, full) && full;
  }
}

}  // namespace datagram
}  // namespace sluice
