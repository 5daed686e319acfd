// Relays: bytes from one connection to another without JavaScript. A source is read only while its destination has no queue, so at
// most one step (64 KiB copied, or 1 MiB spliced) is in flight, in the destination's queue. Every accepted RELAY ends in one RELAYED
// event unless JavaScript closes the source.

#include <errno.h>

#include <algorithm>

#include "socket-calls.h"
#include "transport.h"

namespace sluice {

/** `destination` null: it is gone already, which the source learns as DESTINATION_BROKEN. */
void StreamTransport::StartRelay(Connection* source, Connection* destination, uint64_t bytes, uint8_t flags) {
  source->relaying = true;
  source->relayRemaining = bytes;
  source->relayMoved = 0;
  source->relayFlags = flags;
  source->relayTo = nullptr;
  source->Clear(kStopRelay);
  if (source->state == ConnectionState::kBroken) return;
  if (destination != nullptr) {
    source->relayTo = destination;
    source->relaySibling = destination->relaySources;
    destination->relaySources = source;
  }
  ready_.Append(source);
}

void StreamTransport::UnlinkRelay(Connection* source) {
  Connection* destination = source->relayTo;
  if (destination == nullptr) return;
  Connection** link = &destination->relaySources;
  while (*link != source) link = &(*link)->relaySibling;
  *link = source->relaySibling;
  source->relaySibling = nullptr;
  source->relayTo = nullptr;
  // From here on JavaScript may look at the destination's queue and wait for it.
  if (!destination->queue.Empty()) destination->Set(kReportDrained);
}

/** The destination takes nothing more: its sources learn DESTINATION_BROKEN when they are served next. */
void StreamTransport::DetachSources(Connection* destination) {
  while (destination->relaySources != nullptr) {
    Connection* source = destination->relaySources;
    UnlinkRelay(source);
    if (source->state == ConnectionState::kOpen || source->state == ConnectionState::kConnecting) ready_.Append(source);
  }
}

void StreamTransport::WakeSources(Connection* destination) {
  destination->Clear(kBlocksRelay);
  for (Connection* source = destination->relaySources; source != nullptr; source = source->relaySibling) {
    ready_.Append(source);
  }
}

void StreamTransport::FinishRelay(Connection* source, RelayEnd reason) {
  Connection* destination = source->relayTo;
  UnlinkRelay(source);
  source->relaying = false;
  source->Clear(kStopRelay);
  source->endedMoved = source->relayMoved;
  source->endedReason = reason;
  Raise(source, kPendingRelayed);
  if (destination != nullptr && reason == kRelaySourceEnd && (source->relayFlags & kRelayShutdown) != 0) {
    WantShutdown(destination);
  }
  if (source->Has(kReadable) && source->state == ConnectionState::kOpen) ready_.Append(source);
}

void StreamTransport::RunRelay(Connection* source) {
  // The end of an earlier relay is reported first; reporting it makes the source ready again.
  if ((source->pending & kPendingRelayed) != 0) return;
  if (source->Has(kStopRelay)) return FinishRelay(source, kRelayStopped);
  if (source->relayTo == nullptr) return FinishRelay(source, kRelayDestinationBroken);
  if (source->relayRemaining == 0) return FinishRelay(source, kRelayCount);
  if (source->Has(kInputEnded)) {
    FinishRelay(source, kRelaySourceEnd);
    return;
  }
  if (source->Has(kPaused)) return CheckSocketError(source);
  size_t budget = kTurnBytes;
  while (RelayOnce(source, &budget)) {
  }
}

/** Moves one buffer. False when the relay has to wait, has ended or has used up its turn. */
bool StreamTransport::RelayOnce(Connection* source, size_t* budget) {
  Connection* destination = source->relayTo;
  const bool takes = (destination->flags & (kWritable | kHandshaking)) == kWritable;
  if (destination->state != ConnectionState::kOpen || !takes || !destination->queue.Empty()) {
    destination->Set(kBlocksRelay);
    return false;
  }
  if (!source->Has(kReadable)) return false;
  const size_t length = IsBulk(source) ? RelaySpliced(source, destination) : RelayCopied(source, destination);
  if (length == 0) return false;
  if (source->state != ConnectionState::kOpen || !source->relaying) return false;  // relayed to itself, and broke
  if (source->relayTo == nullptr) {
    FinishRelay(source, kRelayDestinationBroken);
    return false;
  }
  if (source->relayRemaining == 0) {
    FinishRelay(source, kRelayCount);
    return false;
  }
  if (length >= *budget) {
    ready_.Append(source);
    return false;
  }
  *budget -= length;
  return true;
}

/**
 * Splicing costs more calls than copying and pays only where much is coming: a long body, or a tunnel that fills its buffers. Whoever
 * wished for splicing gets it wherever it is possible.
 */
bool StreamTransport::IsBulk(Connection* source) {
  if (options_.queueMaxBytes < kSmallSpliceBytes || source->Has(kNoSplice) || QueuesAreHigh()) return false;
  if (source->relayTo->tls != nullptr || (source->relayFlags & kRelayCopy) != 0) return false;
  if ((source->relayFlags & kRelaySplice) != 0) return source->tls == nullptr;
  if (source->relayRemaining == kRelayUntilEnd) return source->Has(kBulk);
  return source->relayRemaining >= kSpliceMin;
}

/** Bytes moved; 0 when there were none and whatever that means has been done. */
size_t StreamTransport::RelayCopied(Connection* source, Connection* destination) {
  const size_t piece = QueuesAreHigh() ? kSmallRelayBytes : kScratchBytes;
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(piece, source->relayRemaining));
  const ssize_t count = source->tls == nullptr ? ReceiveNow(source->fd, scratch_.get(), wanted)
                                               : ReceiveTls(source, scratch_.get(), wanted);
  if (count <= 0) return RelayNothing(source, count);
  const size_t length = static_cast<size_t>(count);
  NoteRelayed(source, length);
  if (length == kScratchBytes) source->Set(kBulk);
  if (length < wanted && !source->Has(kHangup | kMoreInside)) source->Clear(kReadable);
  iovec vector = {scratch_.get(), length};
  SendVectors(destination, &vector, 1, false);
  return length;
}

/**
 * Steps are smaller where the destination did not take all of the last one, which therefore gains nothing from more, where a rest would
 * have to be copied, and where queues take a fourth of the memory that they may have; and never more than what is left of that.
 */
size_t StreamTransport::SpliceStep(const Connection* source) const {
  const bool much = queued_total_ > options_.queuedMemoryHigh / 4;
  const bool small = much || source->relayTo->Has(kTakesLess) || !pipes_.RestsAllowed();
  const uint64_t room = std::max(options_.queuedMemoryHigh - queued_total_, kSpliceMin);
  const size_t most = std::min<size_t>(small ? kSmallSpliceBytes : kSpliceBytes, options_.queueMaxBytes);
  return static_cast<size_t>(std::min({uint64_t{most}, room, source->relayRemaining}));
}

/** As RelayCopied, with the pages themselves. What the destination does not take at once waits in the pipe. */
size_t StreamTransport::RelaySpliced(Connection* source, Connection* destination) {
  SplicePipe* pipe = pipes_.Take();
  if (pipe == nullptr) return RelayCopied(source, destination);
  const ssize_t count = pipe->Fill(source->fd, SpliceStep(source));
  if (count <= 0) {
    const int error = errno;
    pipe->GiveBack();
    if (count < 0 && error == EINVAL) {
      source->Set(kNoSplice);
      return RelayCopied(source, destination);
    }
    // Little since the last time: what comes next is copied, until it fills a buffer.
    if (count < 0 && error == EAGAIN) source->Clear(source->Has(kBulkAgain) ? kBulkAgain : kBulk);
    errno = error;
    return RelayNothing(source, count);
  }
  const size_t length = static_cast<size_t>(count);
  NoteRelayed(source, length);
  if (length >= kBulkMin) source->Set(kBulkAgain);
  spliced_total_ += length;
  PublishTotal(kHeaderSpliced, spliced_total_);
  // A full pipe ends a read too, so that being short says nothing here: the next read finds out.
  SendSpliced(destination, pipe);
  return length;
}

size_t StreamTransport::RelayNothing(Connection* source, ssize_t count) {
  if (count < 0) {
    ReadFailed(source, errno);
  } else if (source->Has(kSendBroken)) {
    Break(source, source->error);
  } else {
    source->Set(kInputEnded);
    FinishRelay(source, kRelaySourceEnd);
    FinishIfBothEnded(source);
  }
  return 0;
}

void StreamTransport::NoteRelayed(Connection* source, size_t length) {
  source->relayMoved += length;
  source->receivedBytes += length;
  if (source->relayRemaining != kRelayUntilEnd) source->relayRemaining -= length;
  Touch(source);
}

/** Gives the socket, which has no queue, what is in the pipe. The rest stands in the queue, in the pipe if it may. */
void StreamTransport::SendSpliced(Connection* c, SplicePipe* pipe) {
  while (pipe->Held() > 0) {
    const ssize_t taken = pipe->Drain(c->fd, pipe->Held());
    if (taken > 0) {
      NoteSent(c, static_cast<size_t>(taken));
      continue;
    }
    const int error = taken == 0 ? EIO : errno;
    if (error == EINVAL) return CopyOut(c, pipe);
    if (error != EAGAIN) {
      pipe->GiveBack();
      return SendFailed(c, error);
    }
    c->Clear(kWritable);
    c->Set(kTakesLess);
    if (!pipes_.RestsAllowed()) return CopyOut(c, pipe);
    c->queue.AppendPipe(pipe);
    return PublishQueue(c);
  }
  c->Clear(kTakesLess);
  pipe->GiveBack();
}

/** What is in the pipe goes to the socket or to the heap of the queue. */
void StreamTransport::CopyOut(Connection* c, SplicePipe* pipe) {
  while (pipe->Held() > 0 && c->state == ConnectionState::kOpen && !c->Has(kSendBroken)) {
    const ssize_t count = pipe->TakeOut(scratch_.get(), kScratchBytes);
    if (count <= 0) {
      Abort(c, EIO);
      break;
    }
    iovec vector = {scratch_.get(), static_cast<size_t>(count)};
    SendVectors(c, &vector, 1, false);
  }
  pipe->GiveBack();
}

}  // namespace sluice
