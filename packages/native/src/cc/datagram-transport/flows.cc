// Flows from JavaScript's decision to their end: connected sockets, recency, expiry, eviction. Which server is none of its
// business.

#include <sys/socket.h>
#include <unistd.h>

#include "transport.h"

namespace sluice {
namespace datagram {

namespace {

/** A flow is moved among the recently used only after this part of its idle time, so most datagrams touch no list. */
constexpr uint32_t kPlaceFraction = 32;

}  // namespace

int DatagramTransport::ConnectFlow(int32_t id, const sockaddr* server, socklen_t length) {
  Flow* flow = table_.Find(id);
  if (destroyed_ || flow == nullptr || flow->state != FlowState::kUndecided) return ESTALE;
  BeginCall();
  const int fd = socket(server->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  if (connect(fd, server, length) != 0 || !Watch(EPOLL_CTL_ADD, fd, static_cast<uint64_t>(id), false)) {
    const int error = errno;
    close(fd);
    return error;
  }
  undecided_.Remove(flow);
  unshown_.Remove(flow);
  undecided_count_--;
  flow->state = FlowState::kOpen;
  flow->fd = fd;
  flow->activeMs = flow->placedMs = now_ms_;
  flow->listener->recent.Append(flow);
  FlushToServer(flow);
  EndCall();
  return 0;
}

bool DatagramTransport::Watch(int operation, int fd, uint64_t data, bool writes) {
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLET | (writes ? static_cast<uint32_t>(EPOLLOUT) : 0);
  event.data.u64 = data;
  return epoll_ctl(epoll_, operation, fd, &event) == 0;
}

int DatagramTransport::Refuse(int32_t id) {
  Flow* flow = table_.Find(id);
  if (destroyed_ || flow == nullptr || flow->state != FlowState::kUndecided) return ESTALE;
  EndFlow(flow, kEndClosed, 0);
  // Nobody asks how it ended.
  ended_.Remove(flow);
  Forget(flow);
  EndCall();
  return 0;
}

int DatagramTransport::CloseFlow(int32_t id) {
  Flow* flow = table_.Find(id);
  if (destroyed_ || flow == nullptr || flow->state != FlowState::kOpen) return ESTALE;
  BeginCall();
  EndFlow(flow, kEndClosed, 0);
  EndCall();
  return 0;
}

int DatagramTransport::AddKey(int32_t id, const uint8_t* bytes, uint32_t length) {
  Flow* flow = table_.Find(id);
  if (destroyed_ || flow == nullptr || flow->state == FlowState::kEnded) return ESTALE;
  if (length == 0 || length != flow->listener->options.keyBytes) return EINVAL;
  return table_.AddKey(flow, bytes, length);
}

int DatagramTransport::InspectAnswers(int32_t id, uint32_t count) {
  Flow* flow = table_.Find(id);
  if (destroyed_ || flow == nullptr || flow->state == FlowState::kEnded) return ESTALE;
  flow->wantedFromServer = static_cast<uint8_t>(count);
  return 0;
}

void DatagramTransport::Touch(Flow* flow) {
  flow->activeMs = now_ms_;
  if (now_ms_ - flow->placedMs <= flow->listener->options.idleMs / kPlaceFraction) return;
  flow->placedMs = now_ms_;
  flow->listener->recent.Remove(flow);
  flow->listener->recent.Append(flow);
}

/** What the batch under way has for it: it ends in the midst of that. */
void DatagramTransport::LoseChain(Flow* flow) {
  for (int slot = flow->chainFirst; slot >= 0; slot = received_.At(slot).next) {
    const uint32_t datagrams = DatagramsIn(received_.At(slot).length, received_.At(slot).segment);
    flow->dropped += datagrams;
    Count(kTotalDroppedSend, datagrams);
  }
  flow->chainFirst = -1;
}

/** Its socket is closed at once; the seat and the id stay until the end is reported. */
void DatagramTransport::EndFlow(Flow* flow, FlowEnd end, int error) {
  Listener* listener = flow->listener;
  if (flow->state == FlowState::kUndecided) {
    undecided_.Remove(flow);
    unshown_.Remove(flow);
    undecided_count_--;
  } else {
    listener->recent.Remove(flow);
    ready_.Remove(flow);
  }
  flow->dropped += LoseQueue(&flow->queue, flow->state == FlowState::kUndecided ? kTotalDroppedUndecided : kTotalDroppedSend);
  LoseChain(flow);
  if (flow->fd >= 0) {
    CountDropsOf(flow);
    close(flow->fd);
  }
  flow->fd = -1;
  table_.Hide(flow);
  flow->state = FlowState::kEnded;
  flow->end = end;
  flow->error = error;
  flow->listener = nullptr;
  flows_--;
  listener->flows--;
  ended_.Append(flow);
  LeaveIfEmpty(listener);
}

void DatagramTransport::Forget(Flow* flow) { table_.Retire(flow); }

void DatagramTransport::Expire() {
  while (!undecided_.Empty() && undecided_.First()->startedMs + options_.undecidedMs < now_ms_) {
    EndFlow(undecided_.First(), kEndUndecided, 0);
  }
  for (Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
    // Ordered by when they were placed, which is up to 1/32 of the time before they were used last.
    while (!listener->recent.Empty() && listener->recent.First()->activeMs + listener->options.idleMs < now_ms_) {
      Count(kTotalExpired);
      EndFlow(listener->recent.First(), kEndIdle, 0);
    }
  }
}

/** Ends the open flow of this listener that was not used for the longest time; false when there is none. */
bool DatagramTransport::EvictFrom(Listener* listener) {
  if (listener == nullptr || listener->recent.Empty()) return false;
  Count(kTotalEvicted);
  EndFlow(listener->recent.First(), kEndEvicted, 0);
  return true;
}

}  // namespace datagram
}  // namespace sluice
