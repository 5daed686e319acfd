// Accepted connections that go to another process before anything of them is used, through a mailbox (../connection-mailbox.cc):
// one packet each, with the descriptor and the peer record. Who gives what to whom is decided elsewhere.

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

#include "socket-calls.h"
#include "transport.h"

namespace sluice {

namespace {

/** More than one would be wrong; room for a few, so that they are closed and not left to the kernel to count. */
constexpr size_t kDescriptorsMax = 4;

int SendPacket(int mailbox, const uint8_t* record, int fd) {
  uint8_t bytes[kPeerRecordBytes];
  memcpy(bytes, record, sizeof bytes);
  iovec vector = {bytes, sizeof bytes};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(part), &fd, sizeof fd);
  for (;;) {
    const ssize_t sent = sendmsg(mailbox, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

/** The descriptor of a packet if it has exactly one and nothing was cut off, else -1; all others are closed. */
int TakeDescriptor(msghdr* message) {
  int found = -1;
  size_t count = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t bytes = part->cmsg_len - CMSG_LEN(0);
    for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
      int fd;
      memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
      if (count++ == 0) {
        found = fd;
      } else {
        close(fd);
      }
    }
  }
  if (count <= 1 && (message->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) return found;
  if (found >= 0) close(found);
  return -1;
}

/** Taking a packet out without room for its descriptor would lose the connection. 0 or errno. */
int CheckRoomForDescriptor(int any) {
  const int spare = fcntl(any, F_DUPFD_CLOEXEC, 0);
  if (spare < 0) return errno;
  close(spare);
  return 0;
}

uint16_t TagOf(const uint8_t* record) {
  return static_cast<uint16_t>(record[kPeerRecordHandedOver] | record[kPeerRecordHandedOver + 1] << 8);
}

}  // namespace

int StreamTransport::ListenMailbox(int fd, uint16_t tag) {
  if (destroyed_) return EBADF;
  if (FindListener(tag) != nullptr) return EEXIST;
  int type = 0;
  socklen_t length = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return errno;
  if (type != SOCK_SEQPACKET) return EPROTOTYPE;
  Listener listener = {};
  listener.fd = fd;
  listener.tag = tag;
  listener.mailbox = true;
  return AddListener(listener);
}

int StreamTransport::HandOver(int32_t id, int mailbox, uint32_t record_offset, uint16_t tag) {
  if (record_offset > options_.receivePoolBytes - kPeerRecordBytes) return EINVAL;
  Connection* c = FindForCommand(id);
  if (c == nullptr) return ESTALE;
  if (!IsUntouched(c)) return EBUSY;
  uint8_t record[kPeerRecordBytes];
  memcpy(record, regions_.memory + record_offset, sizeof record);
  record[kPeerRecordHandedOver] = static_cast<uint8_t>(tag);
  record[kPeerRecordHandedOver + 1] = static_cast<uint8_t>(tag >> 8);
  const int error = SendPacket(mailbox, record, c->fd);
  if (error != 0) return error;
  // The socket lives on in the packet, and with it what epoll knows: that must be taken back explicitly.
  c->Set(kAdopted);
  Release(c);
  return 0;
}

/** Nothing was read, sent, reported or asked for, so the next owner finds the connection as if it had just accepted it. */
bool StreamTransport::IsUntouched(const Connection* c) const {
  constexpr uint32_t kUsed = kPaused | kInputEnded | kShutdownWanted | kSendBroken | kReportDrained;
  if (c->state != ConnectionState::kOpen || c->listener == nullptr || c->Has(kUsed) || c->pending != 0) return false;
  if (c->tls != nullptr) return false;
  if (c->receivedBytes != 0 || c->sentBytes != 0 || !c->queue.Empty()) return false;
  if (c->relaying || c->relaySources != nullptr) return false;
  const int32_t queued = regions_.header[kHeaderCommands];
  const uint32_t count = queued < 0 ? 0 : std::min(static_cast<uint32_t>(queued), options_.commandsMax);
  for (uint32_t i = 0; i < count; i++) {
    const int32_t* command = regions_.commands + size_t{i} * kRecordWords;
    if (command[1] == c->Id() || (command[0] == kCommandRelay && command[2] == c->Id())) return false;
  }
  return true;
}

StreamTransport::AcceptResult StreamTransport::ReceiveOne(Listener* mailbox) {
  const int shortage = CheckRoomForDescriptor(epoll_);
  if (shortage != 0) {
    PauseListener(mailbox, shortage);
    return AcceptResult::kRefused;
  }
  uint8_t record[kPeerRecordBytes];
  iovec vector = {record, sizeof record};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kDescriptorsMax)];
  msghdr message = {};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t count = recvmsg(mailbox->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0) {
    if (errno == EAGAIN) return AcceptResult::kNothing;
    if (errno == EINTR) return AcceptResult::kAccepted;
    PauseListener(mailbox, errno);
    return AcceptResult::kRefused;
  }
  const int fd = TakeDescriptor(&message);
  if (count == 0 && fd < 0) {
    // Nobody can send any more. Looking again from time to time costs less than a state of its own.
    PauseListener(mailbox, EPIPE);
    return AcceptResult::kRefused;
  }
  if (fd < 0) return AcceptResult::kAccepted;
  if (count != static_cast<ssize_t>(sizeof record) || !SeatReceived(fd, record)) close(fd);
  return AcceptResult::kAccepted;
}

/** False when it is no connection that can be served; the descriptor stays the caller's then. */
bool StreamTransport::SeatReceived(int fd, const uint8_t* record) {
  int type = 0;
  int domain = 0;
  socklen_t length = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_STREAM) return false;
  length = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0) return false;
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || ((flags & O_NONBLOCK) == 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)) return false;
  Connection* c = nullptr;
  if (Register(fd, domain == AF_INET || domain == AF_INET6, &c) != 0) return false;
  c->state = ConnectionState::kOpen;
  c->everOpen = true;
  c->Set(kAdopted | kWritable);
  if (c->Has(kTcp)) SendAtOnce(fd);
  Listener* listener = FindListener(TagOf(record));
  if (listener != nullptr) EnterListener(c, listener);
  memcpy(regions_.memory + pool_used_, record, kPeerRecordBytes);
  ring_.Emit(kEventAccepted, c->Id(), TagOf(record), static_cast<int32_t>(pool_used_), static_cast<int32_t>(kPeerRecordBytes));
  pool_used_ += kPeerRecordBytes;
  return true;
}

}  // namespace sluice
