// recvmmsg(2) and what it says beside the bytes: UDP_GRO (the size of coalesced datagrams), IP_PKTINFO and IPV6_PKTINFO (the local
// address).

#include "receive-batch.h"

#include <errno.h>
#include <netinet/udp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <initializer_list>

#include "udp-offload.h"

namespace sluice {
namespace datagram {

bool ReceiveBatch::Init() {
  void* memory = mmap(nullptr, kStride * kSlots, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  memory_ = static_cast<uint8_t*>(memory);
  memset(messages_, 0, sizeof messages_);
  for (int i = 0; i < kSlots; i++) {
    vectors_[i] = {memory_ + kStride * static_cast<size_t>(i), kBufferBytes};
    slots_[i] = {memory_ + kStride * static_cast<size_t>(i), 0, 1, -1};
    for (mmsghdr* const kind : {&messages_[0][i], &messages_[1][i]}) {
      kind->msg_hdr.msg_iov = &vectors_[i];
      kind->msg_hdr.msg_iovlen = 1;
      kind->msg_hdr.msg_control = controls_[i];
    }
    messages_[1][i].msg_hdr.msg_name = &names_[i];
  }
  return true;
}

ReceiveBatch::~ReceiveBatch() {
  if (memory_ != nullptr) munmap(memory_, kStride * kSlots);
}

namespace {

/** Size of coalesced datagrams, 0 when there is one only. */
uint32_t SegmentOf(msghdr* message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(message); c != nullptr; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_UDP || c->cmsg_type != kUdpGro) continue;
    int size = 0;
    memcpy(&size, CMSG_DATA(c), sizeof size);
    return size > 0 ? static_cast<uint32_t>(size) : 0;
  }
  return 0;
}

}  // namespace

void ReceiveBatch::Prepare(bool names, int first, int count) {
  const uint64_t range = (count == kSlots ? ~uint64_t{0} : (uint64_t{1} << count) - 1) << first;
  for (uint64_t left = used_[names] & range; left != 0; left &= left - 1) {
    msghdr& header = messages_[names][__builtin_ctzll(left)].msg_hdr;
    header.msg_namelen = names ? sizeof(sockaddr_in6) : 0;
    header.msg_controllen = kControlBytes;
  }
  used_[names] &= ~range;
}

int ReceiveBatch::Receive(int fd, int first, int count, bool names) {
  Prepare(names, first, count);
  named_ = names;
  mmsghdr* const messages = messages_[names];
  long received;
  do {
    // Straight at the kernel: the C library's version is a cancellation point, which costs two atomic operations.
    received = syscall(SYS_recvmmsg, fd, messages + first, static_cast<unsigned>(count), MSG_DONTWAIT, nullptr);
  } while (received < 0 && errno == EINTR);
  // A call that fails may have written to the first header.
  used_[names] |= uint64_t{1} << first;
  if (received < 0) return -errno;
  for (int i = first; i < first + received; i++) {
    used_[names] |= uint64_t{1} << i;
    ReceivedDatagram& slot = slots_[i];
    slot.length = messages[i].msg_len;
    slot.segment = SegmentOf(&messages[i].msg_hdr);
    if (slot.segment == 0) slot.segment = slot.length > 0 ? slot.length : 1;
    slot.next = -1;
  }
  return static_cast<int>(received);
}

int ReceiveBatch::ReceiveOne(int fd, int slot) {
  long length;
  do {
    length = syscall(SYS_recvfrom, fd, vectors_[slot].iov_base, kBufferBytes, MSG_DONTWAIT, nullptr, nullptr);
  } while (length < 0 && errno == EINTR);
  if (length < 0) return -errno;
  const uint32_t bytes = static_cast<uint32_t>(length);
  slots_[slot] = {slots_[slot].bytes, bytes, bytes > 0 ? bytes : 1, -1};
  return static_cast<int>(length);
}

bool ReceiveBatch::ReadLocal(int slot, LocalAddress* local) const {
  msghdr header = messages_[named_][slot].msg_hdr;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      MapIpv4(info.ipi_spec_dst, local->bytes);
      local->scope = 0;
      return true;
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      memcpy(local->bytes, &info.ipi6_addr, 16);
      local->scope = IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr) ? info.ipi6_ifindex : 0;
      // Nothing can be sent from a group's address.
      return !IN6_IS_ADDR_MULTICAST(&info.ipi6_addr);
    }
  }
  return false;
}

}  // namespace datagram
}  // namespace sluice
