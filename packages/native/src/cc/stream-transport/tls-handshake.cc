// TLS on a connection: starting it, the handshake in bounded steps, what JavaScript is told. Which context, and whether at all, is
// decided in JavaScript. Handshakes are the only work here that takes long, so that their time per look at the sockets is limited:
// what is left over waits for the next turn, and running connections are served in between.

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#include <algorithm>

#include "../tls/tls-session.h"
#include "socket-calls.h"
#include "transport.h"

namespace sluice {

namespace {

/** Time after which no further step of a handshake begins until the sockets have been looked at again. */
constexpr uint64_t kHandshakeBatchUs = 1000;
/** A first flight and what came with it; more than OpenSSL accepts in one message. */
constexpr uint32_t kFirstBytesMax = 256 * 1024;

uint64_t MicrosecondsNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace

/** 0, or why TLS cannot be started on this connection. */
int StreamTransport::CheckTlsStart(const Connection* c) const {
  if (c == nullptr) return ESTALE;
  if (c->state == ConnectionState::kBroken || c->Has(kSendBroken)) return ENOTCONN;
  const bool used = c->tls != nullptr || c->relaying || c->relaySources != nullptr || c->Has(kShutdownWanted | kInputEnded);
  return used ? EBUSY : 0;
}

int StreamTransport::StartTls(int32_t id, TlsContext* context, uint32_t offset, uint32_t length) {
  const uint64_t memory_bytes = uint64_t{options_.receivePoolBytes} + options_.arenaBytes;
  if (offset > memory_bytes || length > memory_bytes - offset || length > kFirstBytesMax) return EINVAL;
  Connection* c = FindForCommand(id);
  const int problem = CheckTlsStart(c);
  if (problem != 0) return problem;
  return AttachTls(c, TlsSession::MakeServer(context, regions_.memory + offset, length));
}

int StreamTransport::StartTlsClient(int32_t id, TlsContext* context, const TlsClientWish& wish) {
  Connection* c = FindForCommand(id);
  const int problem = CheckTlsStart(c);
  if (problem != 0) return problem;
  return AttachTls(c, TlsSession::MakeClient(context, wish));
}

int StreamTransport::AttachTls(Connection* c, TlsSession* session) {
  if (session == nullptr) return ENOMEM;
  session->wire.fd = c->fd;
  session->plainFirst = c->queue.bytes;
  c->tls = session;
  c->Set(kReadable | kSocketReadable | kNoSplice | kHandshaking);
  wipes_ = true;
  handshakes_++;
  regions_.header[kHeaderHandshakes] = static_cast<int32_t>(handshakes_);
  if (c->state == ConnectionState::kOpen) ready_.Append(c);
  return 0;
}

void StreamTransport::EndHandshake(Connection* c) {
  if (!c->Has(kHandshaking)) return;
  c->Clear(kHandshaking);
  handshakes_--;
  regions_.header[kHeaderHandshakes] = static_cast<int32_t>(handshakes_);
}

void StreamTransport::DropTls(Connection* c) {
  EndHandshake(c);
  delete c->tls;
  c->tls = nullptr;
}

const TlsSession* StreamTransport::FindTls(int32_t id) const {
  const Connection* c = FindForCommand(id);
  return c == nullptr || c->tls == nullptr || !c->tls->Established() ? nullptr : c->tls;
}

/** As Serve(), for an open connection with TLS. */
void StreamTransport::ServeTls(Connection* c) {
  if (!c->tls->Established()) {
    // Nothing to say to a peer that has agreed on nothing yet.
    if (c->Has(kClosing) && c->queue.Empty()) return Release(c);
    if (!StepHandshake(c)) return;
  }
  if (c->Has(kClosing)) return ServeLingering(c);
  if (c->tls->readWantsWrite && c->Has(kWritable)) c->Set(kReadable);
  const bool owes = !c->queue.Empty() || c->Has(kBlocksRelay | kReportDrained) || (c->Has(kShutdownWanted) && !c->Has(kShutdownDone));
  if (owes && c->Has(kWritable)) FlushQueueTls(c);
  if (c->state != ConnectionState::kOpen) return;
  if (c->relaying) {
    RunRelay(c);
  } else {
    ReadInput(c);
  }
}

/** True when the handshake is done. */
bool StreamTransport::StepHandshake(Connection* c) {
  if (!SendPlainFirst(c)) return false;
  if (handshake_spent_us_ >= kHandshakeBatchUs) {
    ready_.Append(c);
    return false;
  }
  const uint64_t begun = MicrosecondsNow();
  EnterTls(c);
  const TlsStep step = c->tls->Handshake();
  LeaveTls(c);
  handshake_spent_us_ += MicrosecondsNow() - begun;
  switch (step) {
    case TlsStep::kDone:
      EndHandshake(c);
      c->Set(kReadable);
      if (!c->Has(kClosing)) Raise(c, kPendingTlsReady);
      return true;
    case TlsStep::kAgain:
      ready_.Append(c);
      return false;
    case TlsStep::kWantRead:
    case TlsStep::kWantWrite:
      return false;
    default:
      Break(c, c->tls->error);
      return false;
  }
}

/** Bytes that were queued before TLS began. True when they are out. */
bool StreamTransport::SendPlainFirst(Connection* c) {
  TlsSession* tls = c->tls;
  while (tls->plainFirst > 0 && c->Has(kWritable)) {
    size_t offered = 0;
    const ssize_t taken = SendFirst(c, tls->plainFirst, &offered);
    if (taken < 0) {
      Break(c, static_cast<int>(-taken));
      return false;
    }
    if (taken == 0) {
      c->Clear(kWritable);
      break;
    }
    c->queue.Consume(static_cast<size_t>(taken));
    NoteSent(c, static_cast<size_t>(taken));
    tls->plainFirst -= static_cast<uint32_t>(taken);
  }
  PublishQueue(c);
  return tls->plainFirst == 0;
}

void StreamTransport::EmitTlsReady(Connection* c) {
  const TlsSession* tls = c->tls;
  int32_t facts = tls->Version();
  if (tls->Resumed()) facts |= kTlsResumed;
  if (tls->PeerHasCertificate()) facts |= kTlsPeerCertificate;
  ring_.Emit(kEventTlsReady, c->Id(), facts, tls->Cipher(), tls->ProtocolIndex());
}

/** The kind of failure, and a sentence that lives as long as the connection's seat. */
int32_t StreamTransport::ReasonOfTls(const Connection* c, const char** text) const {
  *text = c->tls->reason;
  return static_cast<int32_t>(c->tls->failure);
}

}  // namespace sluice
