// Clients of one UDP port that send bursts and wait for the echoes of a burst before the next one; a burst of which something is lost is
// given up after a moment. In C++ because Node's sockets need more time for a datagram than the proxies that are to be measured.
// Arguments: port, clients, bytes of a datagram, datagrams of a burst, `gather` or `single`, seconds of warm-up, seconds.
// Warms up, prints `ready`, waits for a line, then prints a DatagramsResult as JSON.

#include <sys/epoll.h>

#include <algorithm>
#include <vector>

#include "datagrams.h"

namespace {

constexpr double kGiveUpS = 0.1;
constexpr int kFirstTimeoutMs = 5000;
constexpr int kEventsMax = 256;
constexpr char kFill = 'd';

struct Options {
  int port;
  int clients;
  size_t bytes;
  int burst;
  bool gathers;
};

struct Client {
  int fd;
  /** Echoes of the burst under way that are still to come; 0: none is under way. */
  int missing;
  double sentAt;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), payload_(options.bytes * options.burst, kFill), messages_(options.burst) {
    epoll_ = epoll_create1(0);
    for (int i = 0; i < options.burst; i++) {
      vectors_.push_back({payload_.data() + options.bytes * i, options.bytes});
    }
    for (int i = 0; i < options.burst; i++) {
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
    for (int i = 0; i < options.clients; i++) Open();
  }

  /** Until the last burst has ended; the time it took. */
  double Run(double seconds) {
    sent = echoed = 0;
    const double started = bench::Now();
    deadline_ = started + seconds;
    busy_ = static_cast<int>(clients_.size());
    now_ = started;
    for (Client& client : clients_) Next(&client);
    while (busy_ > 0) Turn();
    return bench::Now() - started;
  }

  uint64_t sent = 0;
  /** Of these, with the right bytes. */
  uint64_t echoed = 0;

 private:
  void Open() {
    const int fd = bench::OpenSocket(options_.gathers);
    const sockaddr_in address = bench::Loopback(options_.port);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) bench::Fail("connect");
    const timeval patience = {kFirstTimeoutMs / 1000, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    // A proxy may decide about a client while its first datagram waits: one alone.
    if (send(fd, payload_.data(), options_.bytes, 0) < 0) bench::Fail("the first datagram");
    if (recv(fd, buffer_, sizeof buffer_, 0) < 0) bench::Fail("no echo of the first datagram");
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = clients_.size();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    clients_.push_back({fd, 0, 0});
  }

  void Turn() {
    const int count = epoll_wait(epoll_, events_, kEventsMax, static_cast<int>(kGiveUpS * 1000));
    now_ = bench::Now();
    for (int i = 0; i < count; i++) Take(&clients_[events_[i].data.u64]);
    if (count > 0 && now_ - looked_at_ < kGiveUpS) return;
    looked_at_ = now_;
    for (Client& client : clients_) {
      if (client.missing > 0 && now_ - client.sentAt > kGiveUpS) Next(&client);
    }
  }

  void Take(Client* client) {
    // Of a burst that comes in pieces the rest is announced again.
    const int calls = options_.gathers ? 1 : std::max(1, client->missing);
    for (int i = 0; i < calls; i++) {
      const ssize_t length = recv(client->fd, buffer_, sizeof buffer_, MSG_DONTWAIT);
      if (length < 0) return;
      // Late echoes of a burst that was given up are taken for those of the next: they are as many.
      if (client->missing == 0 || !IsRight(static_cast<size_t>(length))) continue;
      const int datagrams = static_cast<int>(static_cast<size_t>(length) / options_.bytes);
      echoed += static_cast<uint64_t>(datagrams);
      client->missing = std::max(0, client->missing - datagrams);
      if (client->missing == 0) return Next(client);
    }
  }

  bool IsRight(size_t length) const {
    return length > 0 && length % options_.bytes == 0 && length <= payload_.size() && memcmp(buffer_, payload_.data(), length) == 0;
  }

  void Next(Client* client) {
    client->missing = 0;
    if (now_ >= deadline_) {
      busy_--;
      return;
    }
    client->missing = options_.burst;
    client->sentAt = now_;
    sent += static_cast<uint64_t>(options_.burst);
    if (options_.burst == 1) {
      send(client->fd, payload_.data(), payload_.size(), 0);
    } else if (options_.gathers) {
      iovec whole = {payload_.data(), payload_.size()};
      bench::Control control;
      msghdr header = {};
      header.msg_iov = &whole;
      header.msg_iovlen = 1;
      bench::SetSegment(&header, &control, options_.bytes);
      sendmsg(client->fd, &header, 0);
    } else {
      sendmmsg(client->fd, messages_.data(), static_cast<unsigned>(options_.burst), 0);
    }
  }

  const Options options_;
  std::vector<char> payload_;
  std::vector<iovec> vectors_;
  std::vector<mmsghdr> messages_;
  std::vector<Client> clients_;
  char buffer_[bench::kMessageBytes];
  epoll_event events_[kEventsMax];
  int epoll_;
  int busy_ = 0;
  double now_ = 0;
  double deadline_ = 0;
  double looked_at_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  bench::EndWithParent();
  if (count != 8) {
    fprintf(stderr, "wants port, clients, bytes, burst, gather|single, seconds of warm-up, seconds\n");
    return 2;
  }
  const auto number = [arguments](int at) { return atoi(arguments[at]); };
  const Options options = {number(1), number(2), static_cast<size_t>(number(3)), number(4),
                           strcmp(arguments[5], "gather") == 0};
  static Load load(options);
  load.Run(atof(arguments[6]));
  bench::AwaitGo();
  const double seconds = load.Run(atof(arguments[7]));
  printf("{\"durationUs\": %.0f, \"sent\": %llu, \"echoed\": %llu}\n", seconds * 1e6,
         static_cast<unsigned long long>(load.sent), static_cast<unsigned long long>(load.echoed));
  return 0;
}
