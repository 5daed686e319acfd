// The upstream server of UDP scenarios: sends every datagram back, many with one call. In C++ because Node's sockets need more time for a
// datagram than the proxies that are to be measured. Argument: `gather` to take and give bursts as one message. Prints its port.

#include <errno.h>

#include "datagrams.h"

namespace {

constexpr int kSlots = 32;

char buffers[kSlots][bench::kMessageBytes];
sockaddr_in names[kSlots];
iovec vectors[kSlots];
bench::Control controls[kSlots];
mmsghdr messages[kSlots];

void Prepare() {
  for (int i = 0; i < kSlots; i++) {
    vectors[i] = {buffers[i], bench::kMessageBytes};
    msghdr& header = messages[i].msg_hdr;
    header.msg_name = &names[i];
    header.msg_namelen = sizeof names[i];
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = controls[i].bytes;
    header.msg_controllen = sizeof controls[i].bytes;
  }
}

void SendBack(int fd, int count) {
  for (int i = 0; i < count; i++) {
    const size_t segment = bench::SegmentOf(&messages[i].msg_hdr);
    vectors[i].iov_len = messages[i].msg_len;
    bench::SetSegment(&messages[i].msg_hdr, &controls[i], segment < messages[i].msg_len ? segment : 0);
  }
  for (int sent = 0; sent < count;) {
    const int more = sendmmsg(fd, messages + sent, static_cast<unsigned>(count - sent), 0);
    // One that cannot be sent is lost, as UDP may; what follows is not.
    sent += more > 0 ? more : 1;
  }
}

}  // namespace

int main(int count, char** arguments) {
  bench::EndWithParent();
  const int fd = bench::OpenSocket(count > 1 && strcmp(arguments[1], "gather") == 0);
  bench::Bind(fd);
  bench::PrintPort(fd);
  for (;;) {
    Prepare();
    const int received = recvmmsg(fd, messages, kSlots, MSG_WAITFORONE, nullptr);
    if (received > 0) SendBack(fd, received);
    else if (errno != EINTR && errno != ECONNREFUSED) bench::Fail("recvmmsg");
  }
}
