// Connections that start here: connecting to a literal address or a Unix socket, adopting a connected descriptor.
// Failures of this machine are returned (errno); failures of the other side become CONNECT_FAILED events.

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "socket-calls.h"
#include "transport.h"

namespace sluice {

namespace {

bool IsOurs(int error) {
  return error == EADDRNOTAVAIL || error == ENOBUFS || error == ENOMEM || error == EINVAL || error == EAFNOSUPPORT ||
         error == EADDRINUSE;
}

}  // namespace

int StreamTransport::Connect(const sockaddr* address, socklen_t length, bool speaks_first, int32_t* id) {
  if (destroyed_) return EBADF;
  if (!delivering_ && table_.Recycle()) wake_listeners_ = true;
  // Checked before the peer can see an attempt.
  if (table_.Full()) return ENOBUFS;
  const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  if (speaks_first && address->sa_family != AF_UNIX) AcknowledgeWithData(fd);
  // Registered only after connect(): an idle TCP socket would report itself as hung up at once.
  const int failure = connect(fd, address, length) == 0 ? 0 : errno;
  if (failure != 0 && failure != EINPROGRESS && IsOurs(failure)) {
    close(fd);
    return failure;
  }
  Connection* c = nullptr;
  const int error = Register(fd, address->sa_family != AF_UNIX, &c);
  if (error != 0) {
    close(fd);
    return error;
  }
  if (c->Has(kTcp)) SendAtOnce(fd);
  if (speaks_first && c->Has(kTcp)) c->Set(kSpeaksFirst);
  *id = c->Id();
  if (failure == 0) {
    BecomeOpen(c);
  } else if (failure != EINPROGRESS) {
    Break(c, failure);
  }
  return 0;
}

int StreamTransport::Adopt(int fd, int32_t* id) {
  if (destroyed_) return EBADF;
  if (!delivering_ && table_.Recycle()) wake_listeners_ = true;
  int type = 0;
  socklen_t length = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return errno;
  if (type != SOCK_STREAM) return EPROTOTYPE;
  sockaddr_storage peer = {};
  socklen_t peer_length = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_length) != 0) return errno;
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return errno;
  Connection* c = nullptr;
  const int error = Register(fd, peer.ss_family == AF_INET || peer.ss_family == AF_INET6, &c);
  if (error != 0) return error;
  if (c->Has(kTcp)) SendAtOnce(fd);
  c->Set(kAdopted | kWritable);
  c->state = ConnectionState::kOpen;
  c->everOpen = true;
  *id = c->Id();
  return 0;
}

int StreamTransport::ReceivedBytes(int32_t id, uint64_t* bytes) const {
  const Connection* c = table_.Find(id);
  if (c == nullptr) return ENOTCONN;
  *bytes = c->receivedBytes;
  return 0;
}

int StreamTransport::SentBytes(int32_t id, uint64_t* bytes) const {
  const Connection* c = table_.Find(id);
  if (c == nullptr) return ENOTCONN;
  *bytes = c->sentBytes + c->queue.bytes;
  return 0;
}

int StreamTransport::TakenBytes(int32_t id, uint64_t* bytes) const {
  const Connection* c = table_.Find(id);
  if (c == nullptr || c->fd < 0) return ENOTCONN;
  int unacknowledged = 0;
  if (ioctl(c->fd, SIOCOUTQ, &unacknowledged) != 0 || unacknowledged < 0) return errno;
  // A FIN counts as a byte there.
  *bytes = c->sentBytes - std::min(c->sentBytes, static_cast<uint64_t>(unacknowledged));
  return 0;
}

int StreamTransport::UnreadBytes(int32_t id, uint64_t* bytes) const {
  const Connection* c = table_.Find(id);
  int unread = 0;
  if (c == nullptr || c->fd < 0 || ioctl(c->fd, FIONREAD, &unread) != 0) return ENOTCONN;
  *bytes = static_cast<uint64_t>(std::max(unread, 0));
  return 0;
}

int StreamTransport::LocalAddress(int32_t id, sockaddr_storage* address, socklen_t* length) const {
  const Connection* c = FindForCommand(id);
  if (c == nullptr || c->fd < 0) return ENOTCONN;
  *length = sizeof *address;
  return getsockname(c->fd, reinterpret_cast<sockaddr*>(address), length) == 0 ? 0 : errno;
}

}  // namespace sluice
