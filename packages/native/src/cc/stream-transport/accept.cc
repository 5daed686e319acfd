// Listening sockets: accepting in bounded batches, pausing when descriptors, memory or seats run out, resuming.
// A listener without resources leaves epoll, so that its waiting clients cannot make the loop spin.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <new>

#include "socket-calls.h"
#include "transport.h"

namespace sluice {

namespace {

/** Connections taken from one listener per batch; the rest waits in the kernel, in fairness to the others. */
constexpr int kAcceptMax = 64;
constexpr uint64_t kRetryMs = 100;
/** Connections that a listener may have while others have taken nearly all that are allowed together. */
constexpr uint32_t kOwnPlaces = 16;

uint16_t PortOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

void PutNumber(uint8_t* target, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; i++) target[i] = static_cast<uint8_t>(value >> (8 * i));
}

/** Layout: PeerRecord in the TypeScript face. IPv4-mapped IPv6 addresses are written as IPv4. */
void WritePeerRecord(uint8_t* target, const sockaddr_storage& peer, uint16_t local_port) {
  memset(target, 0, kPeerRecordBytes);
  uint32_t family = 1;
  if (peer.ss_family == AF_INET) {
    family = 4;
    memcpy(target + 4, &reinterpret_cast<const sockaddr_in&>(peer).sin_addr, 4);
  } else if (peer.ss_family == AF_INET6) {
    const sockaddr_in6& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      family = 4;
      memcpy(target + 4, v6.sin6_addr.s6_addr + 12, 4);
    } else {
      family = 6;
      memcpy(target + 4, &v6.sin6_addr, 16);
      PutNumber(target + 20, v6.sin6_scope_id, 4);
    }
  }
  PutNumber(target, family, 2);
  PutNumber(target + 2, PortOf(peer), 2);
  PutNumber(target + 24, local_port, 2);
}

bool IsTransient(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

Listener* StreamTransport::FindListener(uint16_t tag) const {
  for (Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
    if (listener->tag == tag) return listener;
  }
  return nullptr;
}

int StreamTransport::Listen(int fd, uint16_t tag, uint32_t connections_max) {
  if (destroyed_) return EBADF;
  if (FindListener(tag) != nullptr) return EEXIST;
  int listening = 0;
  socklen_t length = sizeof listening;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0) return errno;
  if (listening == 0) return EINVAL;
  sockaddr_storage address = {};
  socklen_t address_length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &address_length) != 0) return errno;
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return errno;
  Listener listener = {};
  listener.fd = fd;
  listener.tag = tag;
  listener.connectionsMax = connections_max;
  listener.waitedBefore = true;
  listener.tcp = address.ss_family == AF_INET || address.ss_family == AF_INET6;
  listener.localPort = PortOf(address);
  if (listener.tcp) SendAtOnce(fd);
  return AddListener(listener);
}

/** On failure the descriptor stays the caller's. */
int StreamTransport::AddListener(const Listener& made) {
  Listener* listener = new (std::nothrow) Listener(made);
  if (listener == nullptr) return ENOMEM;
  epoll_event event;
  event.events = EPOLLIN;
  event.data.u64 = kListenerBit | listener->tag;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, listener->fd, &event) != 0) {
    const int error = errno;
    delete listener;
    return error;
  }
  listener->next = listeners_;
  listeners_ = listener;
  if (!listener->mailbox) listener_count_++;
  return 0;
}

int StreamTransport::Unlisten(uint16_t tag, bool close_descriptor) {
  for (Listener** link = &listeners_; *link != nullptr; link = &(*link)->next) {
    Listener* listener = *link;
    if (listener->tag != tag) continue;
    *link = listener->next;
    if (!listener->mailbox) listener_count_--;
    if (!listener->paused) epoll_ctl(epoll_, EPOLL_CTL_DEL, listener->fd, nullptr);
    if (close_descriptor) close(listener->fd);
    listener->fd = -1;
    listener->removed = true;
    if (listener->connections == 0) delete listener;
    return 0;
  }
  return ENOENT;
}

void StreamTransport::EnterListener(Connection* c, Listener* listener) {
  c->listener = listener;
  listener->connections++;
  accepted_++;
}

void StreamTransport::LeaveListener(Connection* c) {
  Listener* listener = c->listener;
  if (listener == nullptr) return;
  c->listener = nullptr;
  listener->connections--;
  accepted_--;
  if (listener->removed && listener->connections == 0) delete listener;
}

void StreamTransport::ServeListeners() {
  const bool wake = wake_listeners_;
  wake_listeners_ = false;
  for (Listener* listener = listeners_; listener != nullptr; listener = listener->next) {
    const bool retry = listener->paused && (wake || (listener->retryAtMs != 0 && now_ms_ >= listener->retryAtMs));
    if (listener->ready || retry) AcceptFrom(listener);
    if (listener->paused == listener->reportedPaused) continue;
    if (ring_.Full()) {
      wake_listeners_ = wake;
      continue;
    }
    listener->reportedPaused = listener->paused;
    ring_.Emit(listener->paused ? kEventListenerPaused : kEventListenerResumed, 0, listener->tag,
               listener->paused ? listener->pauseError : 0, 0);
  }
}

/** So that a crowd at one listener cannot shut out the others, each of these has a few places of its own. */
bool StreamTransport::IsLimited(const Listener* listener) const {
  if (listener->connectionsMax != 0 && listener->connections >= listener->connectionsMax) return true;
  const uint32_t max = options_.acceptedMax;
  if (max == 0) return false;
  const uint32_t own = listener_count_ == 0 ? 0 : std::min(kOwnPlaces, max / (2 * listener_count_));
  const bool has_own = !listener->mailbox && listener->connections < own;
  return accepted_ >= (has_own || listener_count_ < 2 ? max : max - own * (listener_count_ - 1));
}

/** Accepts until nothing waits, the bound is reached or a resource is missing. A paused listener resumes only if none is. */
void StreamTransport::AcceptFrom(Listener* listener) {
  listener->ready = false;
  for (int i = 0; i < kAcceptMax; i++) {
    if (ring_.Full() || options_.receivePoolBytes - pool_used_ < kPeerRecordBytes) {
      wake_listeners_ = wake_listeners_ || listener->paused;
      return;
    }
    if (IsLimited(listener) || table_.Full()) {
      PauseListener(listener, 0);
      return;
    }
    const AcceptResult result = listener->mailbox ? ReceiveOne(listener) : AcceptOne(listener);
    if (result == AcceptResult::kRefused) return;
    if (result == AcceptResult::kNothing) break;
  }
  if (listener->paused) ResumeListener(listener);
}

StreamTransport::AcceptResult StreamTransport::AcceptOne(Listener* listener) {
  sockaddr_storage peer = {};
  socklen_t length = sizeof peer;
  const int fd = accept4(listener->fd, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EAGAIN) {
      listener->waitedBefore = false;
      return AcceptResult::kNothing;
    }
    if (IsTransient(errno)) return AcceptResult::kAccepted;
    PauseListener(listener, errno);
    return AcceptResult::kRefused;
  }
  Connection* c = nullptr;
  const int error = Register(fd, listener->tcp, &c);
  if (error != 0) {
    close(fd);
    PauseListener(listener, error);
    return AcceptResult::kRefused;
  }
  if (listener->tcp && listener->waitedBefore) SendAtOnce(fd);
  c->state = ConnectionState::kOpen;
  c->everOpen = true;
  c->Set(kWritable);
  EnterListener(c, listener);
  WritePeerRecord(regions_.memory + pool_used_, peer, listener->localPort);
  ring_.Emit(kEventAccepted, c->Id(), listener->tag, static_cast<int32_t>(pool_used_), static_cast<int32_t>(kPeerRecordBytes));
  pool_used_ += kPeerRecordBytes;
  return AcceptResult::kAccepted;
}

void StreamTransport::PauseListener(Listener* listener, int error) {
  // A limit is lifted only by a connection that ends, which wakes the listener; other causes are tried again in time.
  listener->retryAtMs = error == 0 ? 0 : now_ms_ + kRetryMs;
  if (listener->paused) return;
  epoll_ctl(epoll_, EPOLL_CTL_DEL, listener->fd, nullptr);
  listener->paused = true;
  listener->pauseError = error;
}

void StreamTransport::ResumeListener(Listener* listener) {
  epoll_event event;
  event.events = EPOLLIN;
  event.data.u64 = kListenerBit | listener->tag;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, listener->fd, &event) != 0) {
    listener->retryAtMs = now_ms_ + kRetryMs;
    return;
  }
  listener->paused = false;
  listener->retryAtMs = 0;
}

}  // namespace sluice
