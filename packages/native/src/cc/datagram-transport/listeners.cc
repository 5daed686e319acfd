// Bound sockets: taken over with their options, left at once or when their last flow has ended. Never bound here: that is
// datagram-socket.cc.

#include <fcntl.h>
#include <unistd.h>

#include <new>

#include "transport.h"
#include "udp-offload.h"

namespace sluice {
namespace datagram {

Listener* DatagramTransport::FindListener(uint16_t tag) const {
  for (Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
    if (listener->tag == tag) return listener;
  }
  return nullptr;
}

Listener* DatagramTransport::FindBySerial(uint32_t serial) const {
  for (Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
    if (listener->serial == serial) return listener;
  }
  return nullptr;
}

/** A bound UDP socket of the Internet? Fills in what is known of it. */
int DatagramTransport::CheckSocket(int fd, Listener* listener) const {
  int protocol = 0;
  socklen_t length = sizeof protocol;
  if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) != 0) return errno;
  if (protocol != IPPROTO_UDP) return EPROTOTYPE;
  sockaddr_in6 name = {};
  length = sizeof name;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) return errno;
  ClientAddress bound;
  if (!ReadAddress(name, &bound)) return EAFNOSUPPORT;
  if (bound.port == 0) return EINVAL;
  listener->family = name.sin6_family;
  listener->port = bound.port;
  listener->wildcard = true;
  for (int i = listener->family == AF_INET ? 12 : 0; i < 16; i++) {
    if (bound.bytes[i] != 0) listener->wildcard = false;
  }
  return 0;
}

int DatagramTransport::Listen(int fd, uint16_t tag, const ListenerOptions& options) {
  if (destroyed_) return EBADF;
  if (FindListener(tag) != nullptr) return EEXIST;
  Listener made = {};
  const int unfit = CheckSocket(fd, &made);
  if (unfit != 0) return unfit;
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return errno;
  const int on = 1;
  if (made.wildcard) {
    const int told = made.family == AF_INET ? setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on)
                                            : setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    if (told != 0) return errno;
  }
  coalesces_ = options_.offload != 0 && CoalesceReceived(fd);
  segments_ = options_.offload != 0 && KnowsSegments(fd);
  Listener* listener = new (std::nothrow) Listener(made);
  if (listener == nullptr) return ENOMEM;
  listener->fd = fd;
  listener->tag = tag;
  listener->options = options;
  listener->serial = ++serials_;
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = kListenerBit | listener->serial;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    const int error = errno;
    delete listener;
    return error;
  }
  listener->next = listeners_;
  listeners_ = listener;
  BeginCall();
  LookForDrops(listener);
  return 0;
}

int DatagramTransport::Unlisten(uint16_t tag, bool keep_flows, bool close_descriptor) {
  Listener* listener = FindListener(tag);
  if (listener == nullptr) return ENOENT;
  if (listener->gone) return 0;  // LISTENER_CLOSED is on its way
  BeginCall();
  listener->draining = true;
  listener->closeDescriptor = close_descriptor;
  // Those that nobody has decided about yet come under "new".
  for (Flow* flow = undecided_.First(); flow != nullptr;) {
    Flow* next = flow->place.next;
    if (flow->listener == listener) EndFlow(flow, kEndListener, 0);
    flow = next;
  }
  while (!keep_flows && !listener->recent.Empty()) EndFlow(listener->recent.First(), kEndListener, 0);
  LeaveIfEmpty(listener);
  EndCall();
  return 0;
}

void DatagramTransport::LeaveIfEmpty(Listener* listener) {
  if (!listener->draining || listener->flows > 0 || listener->gone) return;
  listener->gone = true;
  listener->ready = false;
}

/** Others may hold the descriptor too, so epoll is left explicitly. */
void DatagramTransport::CloseListenerSocket(Listener* listener) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, listener->fd, nullptr);
  listener->burst = true;
  LookForDrops(listener);
  if (listener->closeDescriptor) close(listener->fd);
  listener->fd = -1;
  LoseQueue(&listener->queue, kTotalDroppedSend);
}

void DatagramTransport::ReportGoneListeners() {
  for (Listener** link = &listeners_; *link != nullptr;) {
    Listener* listener = *link;
    if (listener->gone && listener->fd >= 0) CloseListenerSocket(listener);
    // After the ends of its flows.
    if (!listener->gone || !ended_.Empty() || ring_.Full()) {
      link = &listener->next;
      continue;
    }
    ring_.Emit(kEventListenerClosed, 0, listener->tag, 0, 0, 0);
    *link = listener->next;
    delete listener;
  }
}

}  // namespace datagram
}  // namespace sluice
