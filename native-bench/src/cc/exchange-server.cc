// The upstream server of TCP scenarios: reads a request and what is uploaded with it, answers with as many bytes as it asks for, over and
// over. In C++ so that neither end needs more time than the proxies that are to be measured; throws uploads away unseen. Prints its port.

#include <vector>

#include "exchanges.h"

namespace {

constexpr int kEventsMax = 256;
constexpr int kBacklog = 4096;
constexpr uint64_t kListener = ~uint64_t{0};

struct Connection {
  char request[bench::kRequestBytes];
  size_t requestBytes = 0;
  /** Of the upload, still to come. */
  size_t missing = 0;
  size_t answerBytes = 0;
  bench::Outgoing answer;
  bool writing = false;
};

class Server {
 public:
  Server() : fill_(bench::OpenFill()), epoll_(epoll_create1(0)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    if (listener_ < 0) bench::Fail("socket");
    bench::Bind(listener_);
    if (listen(listener_, kBacklog) != 0) bench::Fail("listen");
    bench::PrintPort(listener_);
    bench::Watch(epoll_, EPOLL_CTL_ADD, listener_, kListener, false);
  }

  void Turn() {
    const int count = epoll_wait(epoll_, events_, kEventsMax, -1);
    for (int i = 0; i < count; i++) {
      if (events_[i].data.u64 == kListener) {
        Accept();
      } else {
        const int fd = static_cast<int>(events_[i].data.u64);
        if (!Serve(fd, connections_[static_cast<size_t>(fd)])) close(fd);
      }
    }
  }

 private:
  void Accept() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      bench::SetNoDelay(fd);
      if (connections_.size() <= static_cast<size_t>(fd)) connections_.resize(static_cast<size_t>(fd) + 1);
      connections_[static_cast<size_t>(fd)] = {};
      bench::Watch(epoll_, EPOLL_CTL_ADD, fd, static_cast<uint64_t>(fd), false);
    }
  }

  /** False when the connection is over. */
  bool Serve(int fd, Connection& c) {
    const ssize_t length = bench::Receive(fd, buffer_, sizeof buffer_, c.missing);
    if (length == 0 || (length < 0 && errno != EAGAIN)) return false;
    if (length > 0 && !Take(c, static_cast<size_t>(length))) return false;
    if (!c.answer.Send(fd, fill_)) return false;
    if (c.writing == c.answer.Empty()) {
      c.writing = !c.answer.Empty();
      bench::Watch(epoll_, EPOLL_CTL_MOD, fd, static_cast<uint64_t>(fd), c.writing);
    }
    return true;
  }

  /** False for a request that is none. */
  bool Take(Connection& c, size_t length) {
    for (size_t at = 0; at < length;) {
      if (c.missing == 0 && c.requestBytes < bench::kRequestBytes) {
        const size_t taken = std::min(length - at, bench::kRequestBytes - c.requestBytes);
        memcpy(c.request + c.requestBytes, buffer_ + at, taken);
        c.requestBytes += taken;
        at += taken;
        if (c.requestBytes < bench::kRequestBytes) return true;
        if (!Read(c)) return false;
      }
      const size_t taken = std::min(length - at, c.missing);
      c.missing -= taken;
      at += taken;
      if (c.missing > 0) return true;
      c.answer.Add(c.answerBytes);
      c.requestBytes = 0;
    }
    return true;
  }

  static bool Read(Connection& c) {
    int32_t upload, answer;
    memcpy(&upload, c.request + bench::kUploadAt, sizeof upload);
    memcpy(&answer, c.request + bench::kAnswerAt, sizeof answer);
    c.missing = static_cast<size_t>(upload);
    c.answerBytes = static_cast<size_t>(answer);
    return upload >= 0 && answer >= 0;
  }

  const int fill_;
  const int epoll_;
  const int listener_;
  std::vector<Connection> connections_;  // by descriptor
  epoll_event events_[kEventsMax];
  char buffer_[64 * 1024];
};

}  // namespace

int main() {
  bench::EndWithParent();
  static Server server;
  for (;;) server.Turn();
}
