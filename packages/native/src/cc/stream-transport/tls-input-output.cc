// Bytes in and out of a connection with TLS. The queue holds what is still to be encrypted; a record that the socket took in part
// stays in it until all of the record is sent. Encrypted bytes are nowhere but in OpenSSL's buffers and the kernel.

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include <algorithm>

#include "../tls/tls-session.h"
#include "transport.h"

namespace sluice {

namespace {

/** Most bytes of one record (RFC 8446 §5.1). */
constexpr size_t kRecordMax = 16 * 1024;
constexpr int kGatherVectors = 16;
/** Input thrown away so that the close after an alert does not become a reset, which could overtake the alert. */
constexpr int kLetPassReads = 4;

/** Up to one record of what begins `skip` bytes into the vectors: in place when it lies together, else copied to `buffer`. */
iovec NextRecord(const iovec* vectors, int count, size_t skip, uint8_t* buffer) {
  int first = 0;
  while (first < count && skip >= vectors[first].iov_len) skip -= vectors[first++].iov_len;
  if (first == count) return {buffer, 0};
  uint8_t* const start = static_cast<uint8_t*>(vectors[first].iov_base) + skip;
  const size_t here = vectors[first].iov_len - skip;
  if (here >= kRecordMax || first == count - 1) return {start, std::min(here, kRecordMax)};
  memcpy(buffer, start, here);
  size_t filled = here;
  for (int i = first + 1; i < count && filled < kRecordMax; i++) {
    const size_t part = std::min(vectors[i].iov_len, kRecordMax - filled);
    memcpy(buffer + filled, vectors[i].iov_base, part);
    filled += part;
  }
  return {buffer, filled};
}

}  // namespace

/** What epoll has told goes to the session, … */
void StreamTransport::EnterTls(Connection* c) {
  TlsWire& wire = c->tls->wire;
  wire.readable = c->Has(kSocketReadable);
  wire.writable = c->Has(kWritable);
  wire.hangup = c->Has(kHangup);
  wire.moved = false;
  wire.budget = kTurnBytes;
}

/** … and what the session found out comes back. */
void StreamTransport::LeaveTls(Connection* c) {
  const TlsWire& wire = c->tls->wire;
  if (!wire.readable) c->Clear(kSocketReadable);
  if (!wire.writable) c->Clear(kWritable);
  if (wire.moved) Touch(c);
}

bool StreamTransport::HoldsDecrypted(const Connection* c) const { return c->tls->HoldsDecrypted(); }

/**
 * As recv(): bytes, 0 after close_notify, or -1 with errno. EAGAIN: the socket will announce more. EINTR: others get their turn.
 * Several records are read at once. An end that comes behind bytes is told by the next call.
 */
ssize_t StreamTransport::ReceiveTls(Connection* c, uint8_t* buffer, size_t wanted) {
  TlsSession* tls = c->tls;
  size_t total = 0;
  TlsStep step = TlsStep::kDone;
  EnterTls(c);
  while (total < wanted) {
    size_t count = 0;
    step = tls->Read(buffer + total, wanted - total, &count);
    if (step != TlsStep::kDone) break;
    total += count;
    if (!c->Has(kHangup) && !tls->wire.readable && !tls->HoldsInput()) {
      step = TlsStep::kWantRead;
      break;
    }
  }
  LeaveTls(c);
  c->Clear(kMoreInside);
  if (total > 0) {
    if (step != TlsStep::kDone && step != TlsStep::kWantRead && step != TlsStep::kWantWrite) c->Set(kMoreInside);
    return static_cast<ssize_t>(total);
  }
  switch (step) {
    case TlsStep::kClosed: return 0;
    case TlsStep::kAgain: errno = EINTR; break;
    case TlsStep::kBroken: errno = tls->wire.writeError; break;
    case TlsStep::kFailed: errno = tls->error; break;
    default: errno = EAGAIN; break;
  }
  return -1;
}

/** One record at most. Bytes that were taken; 0 when the socket is full, or when sending has failed and the connection knows it. */
size_t StreamTransport::WriteTls(Connection* c, const uint8_t* bytes, size_t length) {
  TlsSession* tls = c->tls;
  size_t count = 0;
  EnterTls(c);
  const TlsStep step = tls->Write(bytes, length, &count);
  LeaveTls(c);
  if (step == TlsStep::kDone) {
    if (count > 0) NoteSent(c, count);
    return count;
  }
  if (step == TlsStep::kBroken) SendFailed(c, tls->wire.writeError);
  if (step == TlsStep::kFailed) SendFailed(c, tls->error);
  return 0;
}

/** Encrypts and sends now what the socket takes and queues the rest. The caller has checked that sending is still allowed. */
void StreamTransport::SendVectorsTls(Connection* c, iovec* vectors, int count, bool from_javascript) {
  size_t sent = 0;
  const bool takes = (c->flags & (kWritable | kHandshaking)) == kWritable;
  if (c->state == ConnectionState::kOpen && takes && c->queue.Empty()) {
    for (;;) {
      const iovec record = NextRecord(vectors, count, sent, scratch_.get());
      if (record.iov_len == 0) return;
      const size_t taken = WriteTls(c, static_cast<const uint8_t*>(record.iov_base), record.iov_len);
      if (c->state != ConnectionState::kOpen || c->Has(kSendBroken)) return;
      if (taken == 0) break;
      sent += taken;
    }
  }
  QueueRest(c, vectors, count, sent, from_javascript);
}

void StreamTransport::FlushQueueTls(Connection* c) {
  size_t budget = kTurnBytes;
  while (!c->queue.Empty()) {
    iovec vectors[kGatherVectors];
    const int count = c->queue.Gather(vectors, kGatherVectors);
    const iovec record = NextRecord(vectors, count, 0, scratch_.get());
    const size_t taken = WriteTls(c, static_cast<const uint8_t*>(record.iov_base), record.iov_len);
    if (c->state != ConnectionState::kOpen || c->Has(kSendBroken)) return;
    if (taken == 0) break;
    c->queue.Consume(taken);
    if (taken >= budget) {
      ready_.Append(c);
      break;
    }
    budget -= taken;
  }
  PublishQueue(c);
  if (c->queue.Empty()) QueueSent(c);
}

/** True when it is sent, or cannot be sent any more. */
bool StreamTransport::SendCloseNotify(Connection* c) {
  if (!c->tls->Established()) return false;
  EnterTls(c);
  const TlsStep step = c->tls->CloseNotify();
  LeaveTls(c);
  return step == TlsStep::kDone;
}

/** After a failure that OpenSSL has told the peer in an alert. */
void StreamTransport::LetAlertPass(Connection* c) {
  if (c->fd < 0 || c->tls->error != EPROTO) return;
  shutdown(c->fd, SHUT_WR);
  for (int i = 0; i < kLetPassReads; i++) {
    if (recv(c->fd, scratch_.get(), kScratchBytes, 0) <= 0) return;
  }
}

}  // namespace sluice
