// Executes the command ring. Every word comes from JavaScript and is checked: stale ids and senseless commands are
// counted and ignored; a SEND whose range lies outside the shared memory aborts that connection with EINVAL, because
// leaving bytes out would corrupt its stream.

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>

#include "transport.h"

namespace sluice {

namespace {

constexpr int kSendVectors = 64;
/** Bounds of the kernel. */
constexpr int kKeepAliveSecondsMax = 32767;
constexpr int kKeepAliveCountMax = 127;

}  // namespace

/** The connection a command means; null once JavaScript has closed it. */
Connection* StreamTransport::FindForCommand(int32_t id) const {
  Connection* c = table_.Find(id);
  return c == nullptr || c->Has(kClosing) ? nullptr : c;
}

void StreamTransport::ExecuteCommands() {
  const int32_t queued = regions_.header[kHeaderCommands];
  const uint32_t count = queued < 0 ? 0 : std::min(static_cast<uint32_t>(queued), options_.commandsMax);
  for (uint32_t i = 0; i < count;) {
    const int32_t* command = regions_.commands + size_t{i} * kRecordWords;
    if (command[0] == kCommandSend) {
      i += ExecuteSends(i, count);
      continue;
    }
    i++;
    Connection* c = FindForCommand(command[1]);
    if (c == nullptr) {
      CountWord(kHeaderStale);
    } else {
      ExecuteOne(c, command);
    }
  }
  regions_.header[kHeaderCommands] = 0;
  regions_.header[kHeaderArenaUsed] = 0;
}

/** Gathers consecutive SENDs to one connection into one system call. Returns how many commands it took (at least 1). */
uint32_t StreamTransport::ExecuteSends(uint32_t first, uint32_t count) {
  const uint64_t memory_bytes = uint64_t{options_.receivePoolBytes} + options_.arenaBytes;
  const int32_t id = regions_.commands[size_t{first} * kRecordWords + 1];
  iovec vectors[kSendVectors];
  int used = 0;
  bool in_range = true;
  uint32_t i = first;
  for (; i < count && used < kSendVectors; i++) {
    const int32_t* command = regions_.commands + size_t{i} * kRecordWords;
    if (command[0] != kCommandSend || command[1] != id) break;
    const uint32_t offset = static_cast<uint32_t>(command[2]);
    const uint32_t length = static_cast<uint32_t>(command[3]);
    in_range = in_range && offset <= memory_bytes && length <= memory_bytes - offset;
    if (!in_range || length == 0) continue;
    uint8_t* start = regions_.memory + offset;
    if (used > 0 && static_cast<uint8_t*>(vectors[used - 1].iov_base) + vectors[used - 1].iov_len == start) {
      vectors[used - 1].iov_len += length;
    } else {
      vectors[used++] = {start, length};
    }
  }
  const uint32_t taken = i - first;
  Connection* c = FindForCommand(id);
  if (c == nullptr) {
    for (uint32_t n = 0; n < taken; n++) CountWord(kHeaderStale);
  } else if (c->Has(kShutdownWanted)) {
    for (uint32_t n = 0; n < taken; n++) CountWord(kHeaderRefused);
  } else if (c->state != ConnectionState::kBroken && !c->Has(kSendBroken)) {
    if (used > 0) SendVectors(c, vectors, used, true);
    if (!in_range) {
      CountWord(kHeaderRefused);
      Abort(c, EINVAL);
    }
  }
  return taken;
}

void StreamTransport::ExecuteOne(Connection* c, const int32_t* command) {
  switch (command[0]) {
    case kCommandRelay:
      ExecuteRelay(c, command);
      break;
    case kCommandPause:
      c->Set(kPaused);
      // Nobody would read on to the end any more, so the failure to send is reported now.
      if (c->Has(kSendBroken)) Break(c, c->error);
      else if (c->Has(kSocketError) && c->state == ConnectionState::kOpen) ready_.Append(c);
      break;
    case kCommandResume:
      c->Clear(kPaused);
      if (c->state == ConnectionState::kOpen && (c->relaying || c->Has(kReadable))) ready_.Append(c);
      break;
    case kCommandShutdown:
      WantShutdown(c);
      break;
    case kCommandClose:
      StartLingering(c, static_cast<uint32_t>(std::max(command[2], 0)));
      break;
    case kCommandReset:
      CloseDescriptor(c, true);
      Release(c);
      break;
    case kCommandDeadline:
      SetDeadline(c, command[2], command[3] == 1);
      break;
    case kCommandStopRelay:
      if (!c->relaying || c->state == ConnectionState::kBroken) break;
      if ((c->pending & kPendingRelayed) != 0) {
        c->Set(kStopRelay);
      } else {
        FinishRelay(c, kRelayStopped);
      }
      break;
    case kCommandKeepAlive:
      SetKeepAlive(c, command);
      break;
    default:
      CountWord(kHeaderRefused);
  }
}

void StreamTransport::ExecuteRelay(Connection* source, const int32_t* command) {
  if (source->relaying) {
    CountWord(kHeaderRefused);
    return;
  }
  Connection* destination = FindForCommand(command[2]);
  const bool usable = destination != nullptr && destination->state != ConnectionState::kBroken &&
                      !destination->Has(kShutdownWanted | kSendBroken);
  const uint64_t bytes = static_cast<uint64_t>(static_cast<uint32_t>(command[4])) << 32 | static_cast<uint32_t>(command[3]);
  StartRelay(source, usable ? destination : nullptr, bytes, static_cast<uint8_t>(command[5] & kRelayFlags));
}

/** Seconds of silence (0: off), seconds between probes, probes. Sockets that are not TCP have none. */
void StreamTransport::SetKeepAlive(Connection* c, const int32_t* command) {
  const int idle = command[2], interval = command[3], count = command[4];
  const bool off = idle == 0;
  if (!off && (idle < 1 || idle > kKeepAliveSecondsMax || interval < 1 || interval > kKeepAliveSecondsMax || count < 1 ||
               count > kKeepAliveCountMax)) {
    CountWord(kHeaderRefused);
    return;
  }
  if (!c->Has(kTcp) || c->fd < 0) return;
  const int on = off ? 0 : 1;
  if (!off) {
    setsockopt(c->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(c->fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(c->fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
  }
  setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/** 0 clears; less than 0 means overdue and fires in the next turn. */
void StreamTransport::SetDeadline(Connection* c, int32_t milliseconds, bool idle) {
  if (c->state == ConnectionState::kBroken) return;
  c->pending &= static_cast<uint8_t>(~kPendingDeadline);
  if (milliseconds == 0) {
    wheel_.Cancel(c);
    return;
  }
  const uint32_t wait = static_cast<uint32_t>(std::max(milliseconds, 1));
  // The clock is cut to whole milliseconds: one more, so that the deadline never fires early.
  c->deadlineMs = now_ms_ + wait + 1;
  if (idle) {
    c->Set(kIdleDeadline);
    c->idleMs = wait;
  } else {
    c->Clear(kIdleDeadline);
    c->idleMs = 0;
  }
  wheel_.Arm(c);
}

}  // namespace sluice
