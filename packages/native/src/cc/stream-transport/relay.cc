// Relays: bytes from one connection to another without JavaScript. A source is read only while its destination has no queue, so at
// most one scratch buffer (64 KiB) is in flight, in the destination's queue. Every accepted RELAY ends in one RELAYED event unless
// JavaScript closes the source.

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
  if (destination->state != ConnectionState::kOpen || !destination->Has(kWritable) || !destination->queue.Empty()) {
    destination->Set(kBlocksRelay);
    return false;
  }
  if (!source->Has(kReadable)) return false;
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(kScratchBytes, source->relayRemaining));
  const ssize_t count = ReceiveNow(source->fd, scratch_.get(), wanted);
  if (count < 0) {
    ReadFailed(source, errno);
    return false;
  }
  if (count == 0) {
    if (source->Has(kSendBroken)) {
      Break(source, source->error);
    } else {
      source->Set(kInputEnded);
      FinishRelay(source, kRelaySourceEnd);
      FinishIfBothEnded(source);
    }
    return false;
  }
  const size_t length = static_cast<size_t>(count);
  source->relayMoved += length;
  source->receivedBytes += length;
  if (source->relayRemaining != kRelayUntilEnd) source->relayRemaining -= length;
  if (length < wanted && !source->Has(kHangup)) source->Clear(kReadable);
  Touch(source);
  iovec vector = {scratch_.get(), length};
  SendVectors(destination, &vector, 1, false);
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

}  // namespace sluice
