// sendmmsg(2), with UDP_SEGMENT and the local address beside the bytes where they are needed. Keeps nothing that was not sent: that
// is the caller's.

#include "send-batch.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "udp-offload.h"

namespace sluice {
namespace datagram {

namespace {

constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

/** Appends one control message; `header->msg_control` has room for it. */
void PutControl(msghdr* header, int level, int type, const void* value, size_t length) {
  uint8_t* at = static_cast<uint8_t*>(header->msg_control) + header->msg_controllen;
  memset(at, 0, CMSG_SPACE(length));
  cmsghdr control = {};
  control.cmsg_level = level;
  control.cmsg_type = type;
  control.cmsg_len = CMSG_LEN(length);
  memcpy(at, &control, sizeof control);
  memcpy(at + CMSG_LEN(0), value, length);
  header->msg_controllen += CMSG_SPACE(length);
}

bool IsZero(const uint8_t* bytes) {
  static const uint8_t kZero[16] = {};
  return memcmp(bytes, kZero, sizeof kZero) == 0;
}

}  // namespace

int SendBatch::PieceCount(int entry) const {
  return (entry + 1 < count_ ? entries_[entry + 1].vector : vectors_used_) - entries_[entry].vector;
}

void SendBatch::Add(Flow* flow, uint8_t* bytes, uint32_t length, uint32_t segment, uint32_t segmentLimit) {
  vectors_[vectors_used_] = {bytes, length};
  const uint32_t datagrams = DatagramsIn(length, segment);
  const uint32_t size = datagrams > 1 ? segment : length;
  if (count_ > 0) {
    SendEntry& last = entries_[count_ - 1];
    const bool alike = size == last.segment || (datagrams == 1 && length < last.segment && length > 0);
    if (last.flow == flow && last.open && alike && last.segment < segmentLimit && last.total + length <= kMessageMax &&
        last.datagrams + datagrams <= kSegmentsMax) {
      last.open = size == last.segment && length % last.segment == 0;
      last.total += length;
      last.datagrams += datagrams;
      vectors_used_++;
      return;
    }
  }
  entries_[count_++] = {flow, length, size, datagrams, vectors_used_, size > 0 && length % size == 0};
  vectors_used_++;
}

void SendBatch::Shorten(int entry, uint32_t datagrams) {
  SendEntry& left = entries_[entry];
  size_t gone = size_t{datagrams} * left.segment;
  left.datagrams -= datagrams;
  left.total -= static_cast<uint32_t>(gone);
  while (gone > 0) {
    iovec& piece = vectors_[left.vector];
    const size_t part = std::min(gone, piece.iov_len);
    piece = {static_cast<uint8_t*>(piece.iov_base) + part, piece.iov_len - part};
    gone -= part;
    if (piece.iov_len == 0) left.vector++;
  }
}

void SendBatch::AddressEntry(const Flow* flow, int family, sockaddr_in6* name, msghdr* header) {
  header->msg_namelen = WriteAddress(flow->client, family, name);
  header->msg_name = name;
  if (IsZero(flow->local)) return;
  if (family == AF_INET) {
    in_pktinfo info = {};
    memcpy(&info.ipi_spec_dst, flow->local + 12, 4);
    PutControl(header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  } else {
    in6_pktinfo info = {};
    memcpy(&info.ipi6_addr, flow->local, 16);
    info.ipi6_ifindex = flow->localScope;
    PutControl(header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  }
}

void SendBatch::Prepare(int entry, int family) {
  const SendEntry& made = entries_[entry];
  msghdr& header = messages_[entry].msg_hdr;
  header = {};
  header.msg_iov = vectors_ + made.vector;
  header.msg_iovlen = static_cast<size_t>(PieceCount(entry));
  header.msg_control = controls_[entry];
  if (family != 0) AddressEntry(made.flow, family, &names_[entry], &header);
  if (made.datagrams > 1) {
    const uint16_t segment = static_cast<uint16_t>(made.segment);
    PutControl(&header, SOL_UDP, kUdpSegment, &segment, sizeof segment);
  }
  if (header.msg_controllen == 0) header.msg_control = nullptr;
}

int SendBatch::Send(int fd, int first, int family) {
  // The usual case: one datagram for one server.
  const bool single = family == 0 && count_ - first == 1 && entries_[first].datagrams == 1;
  for (int i = first; i < count_ && !single; i++) Prepare(i, family);
  long sent;
  do {
    if (single) {
      const iovec& piece = vectors_[entries_[first].vector];
      sent = syscall(SYS_sendto, fd, piece.iov_base, piece.iov_len, kFlags, nullptr, 0);
      if (sent >= 0) return 1;
    } else {
      sent = syscall(SYS_sendmmsg, fd, messages_ + first, static_cast<unsigned>(count_ - first), kFlags);
    }
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : static_cast<int>(sent);
}

uint32_t SendBatch::SendSingly(int fd, int entry, int family, int* error) {
  const SendEntry& made = entries_[entry];
  sockaddr_in6 name;
  alignas(8) uint8_t control[kControlBytes];
  msghdr header = {};
  header.msg_control = control;
  if (family != 0) AddressEntry(made.flow, family, &name, &header);
  if (header.msg_controllen == 0) header.msg_control = nullptr;
  uint32_t sent = 0;
  for (int i = 0; i < PieceCount(entry); i++) {
    const iovec& whole = vectors_[made.vector + i];
    for (size_t at = 0; at < whole.iov_len; at += made.segment) {
      iovec piece = {static_cast<uint8_t*>(whole.iov_base) + at, std::min<size_t>(made.segment, whole.iov_len - at)};
      header.msg_iov = &piece;
      header.msg_iovlen = 1;
      while (syscall(SYS_sendmsg, fd, &header, kFlags) < 0) {
        if (errno == EINTR) continue;
        *error = errno;
        return sent;
      }
      sent++;
    }
  }
  return sent;
}

}  // namespace datagram
}  // namespace sluice
