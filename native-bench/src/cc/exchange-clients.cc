// Exchanges over TCP, one after the other on each of so many connections, or each on a connection of its own. A closed loop that counts
// and throws large answers away unseen, so that it needs less time than the proxies that are to be measured.
// Arguments: port, connections, bytes uploaded, bytes of the answer, `keep` or `reconnect`, seconds of warm-up, seconds.
// Warms up, prints `ready`, waits for a line, then prints an ExchangesResult as JSON.

#include <vector>

#include "exchanges.h"

namespace {

constexpr int kEventsMax = 256;
constexpr int kSilenceMaxMs = 10000;
/** For the ends of the last connections: what the proxy does for them belongs to them. */
constexpr useconds_t kEndsUs = 20000;
constexpr int kNone = -1;

struct Options {
  int port;
  int connections;
  size_t uploadBytes;
  size_t answerBytes;
  bool reconnects;
};

/** One exchange after the other. */
struct Seat {
  int fd = kNone;
  /** Of the answer, still to come; 0: no exchange is under way. */
  size_t missing = 0;
  bool requested = false;
  bool writing = false;
  bench::Outgoing upload;
  double startedAt = 0;
};

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options), fill_(bench::OpenFill()), epoll_(epoll_create1(0)), seats_(static_cast<size_t>(options.connections)) {
    memset(request_, bench::kFill, sizeof request_);
    const int32_t upload = static_cast<int32_t>(options.uploadBytes);
    const int32_t answer = static_cast<int32_t>(options.answerBytes);
    memcpy(request_ + bench::kUploadAt, &upload, sizeof upload);
    memcpy(request_ + bench::kAnswerAt, &answer, sizeof answer);
  }

  /** Until the last exchange has ended; the time it took. */
  double Run(double seconds) {
    latenciesUs.clear();
    failed = 0;
    busy_ = seats_.size();
    const double started = now_ = bench::Now();
    deadline_ = started + seconds;
    for (Seat& seat : seats_) Begin(seat);
    while (busy_ > 0) Turn();
    const double took = bench::Now() - started;
    if (options_.reconnects) usleep(kEndsUs);
    return took;
  }

  /** Of exchanges with a whole answer. */
  std::vector<double> latenciesUs;
  uint64_t failed = 0;

 private:
  void Turn() {
    const int count = epoll_wait(epoll_, events_, kEventsMax, failing_.empty() ? kSilenceMaxMs : 0);
    now_ = bench::Now();
    for (int i = 0; i < count; i++) Serve(seats_[events_[i].data.u64]);
    if (!failing_.empty()) {
      // Not within what failed: it may fail again at once.
      std::vector<Seat*> again;
      again.swap(failing_);
      for (Seat* seat : again) Next(*seat);
      return;
    }
    if (count != 0) return;
    for (Seat& seat : seats_) {
      if (seat.missing > 0) Broken(seat);
    }
  }

  void Begin(Seat& seat) {
    seat.startedAt = now_;
    seat.missing = options_.answerBytes;
    seat.requested = false;
    if (seat.fd == kNone) Open(seat);
    Write(seat);
  }

  void Open(Seat& seat) {
    seat.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (seat.fd < 0) bench::Fail("socket");
    bench::SetNoDelay(seat.fd);
    const sockaddr_in address = bench::Loopback(options_.port);
    // What is refused at once is reported by the first use.
    if (connect(seat.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == EADDRNOTAVAIL) {
      bench::Fail("connect");
    }
    seat.writing = false;
    bench::Watch(epoll_, EPOLL_CTL_ADD, seat.fd, static_cast<uint64_t>(&seat - seats_.data()), false);
  }

  /** The request, and what is uploaded with it. */
  void Write(Seat& seat) {
    bool waits = false;
    if (!seat.requested) {
      const ssize_t sent = send(seat.fd, request_, sizeof request_, MSG_DONTWAIT | MSG_NOSIGNAL);
      // It still connects. A request is never taken in part.
      waits = sent < 0 && (errno == EAGAIN || errno == ENOTCONN);
      if (!waits && sent != static_cast<ssize_t>(sizeof request_)) return Broken(seat);
      seat.requested = !waits;
      if (seat.requested) seat.upload.Add(options_.uploadBytes);
    }
    if (seat.requested && !seat.upload.Send(seat.fd, fill_)) return Broken(seat);
    waits = waits || !seat.upload.Empty();
    if (waits == seat.writing) return;
    seat.writing = waits;
    bench::Watch(epoll_, EPOLL_CTL_MOD, seat.fd, static_cast<uint64_t>(&seat - seats_.data()), waits);
  }

  void Serve(Seat& seat) {
    if (seat.fd == kNone) return;
    const ssize_t length = bench::Receive(seat.fd, buffer_, sizeof buffer_, seat.missing);
    if (length > 0) return Take(seat, static_cast<size_t>(length));
    if (length == 0 || errno != EAGAIN) return Broken(seat);
    if (seat.writing) Write(seat);
  }

  void Take(Seat& seat, size_t length) {
    if (length > seat.missing) return Broken(seat);
    seat.missing -= length;
    if (seat.missing > 0) return;
    latenciesUs.push_back((now_ - seat.startedAt) * 1e6);
    if (options_.reconnects) Close(seat);
    Next(seat);
  }

  void Broken(Seat& seat) {
    Close(seat);
    // One that waits for nothing has only lost its connection.
    if (seat.missing == 0) return;
    seat.missing = 0;
    failed++;
    failing_.push_back(&seat);
  }

  void Close(Seat& seat) {
    close(seat.fd);
    seat.fd = kNone;
    seat.upload.Clear();
  }

  void Next(Seat& seat) {
    if (bench::Now() < deadline_) Begin(seat);
    else busy_--;
  }

  const Options options_;
  const int fill_;
  const int epoll_;
  std::vector<Seat> seats_;
  /** Those that begin anew in the next turn. */
  std::vector<Seat*> failing_;
  char request_[bench::kRequestBytes];
  char buffer_[64 * 1024];
  epoll_event events_[kEventsMax];
  size_t busy_ = 0;
  double now_ = 0;
  double deadline_ = 0;
};

double QuantileOf(const std::vector<double>& sorted, double part) {
  return sorted.empty() ? 0 : sorted[static_cast<size_t>(static_cast<double>(sorted.size() - 1) * part)];
}

}  // namespace

int main(int count, char** arguments) {
  bench::EndWithParent();
  if (count != 8) {
    fprintf(stderr, "wants port, connections, bytes up, bytes down, keep|reconnect, seconds of warm-up, seconds\n");
    return 2;
  }
  const auto number = [arguments](int at) { return atoi(arguments[at]); };
  const Options options = {number(1), number(2), static_cast<size_t>(number(3)), static_cast<size_t>(number(4)),
                           strcmp(arguments[5], "reconnect") == 0};
  static Load load(options);
  load.Run(atof(arguments[6]));
  bench::AwaitGo();
  const double seconds = load.Run(atof(arguments[7]));
  std::vector<double>& sorted = load.latenciesUs;
  std::sort(sorted.begin(), sorted.end());
  printf("{\"durationUs\": %.0f, \"exchanges\": %zu, \"failed\": %llu, \"p50Us\": %.1f, \"p99Us\": %.1f, \"p999Us\": %.1f}\n",
         seconds * 1e6, sorted.size(), static_cast<unsigned long long>(load.failed), QuantileOf(sorted, 0.5),
         QuantileOf(sorted, 0.99), QuantileOf(sorted, 0.999));
  return 0;
}
