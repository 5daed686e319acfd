// One connection as native code sees it: descriptor, readiness, unsent bytes, relay and deadline.
// Data only. Kept at 208 bytes: there may be a million of these, most of them idle. What TLS needs hangs on one pointer.

#ifndef SLUICE_STREAM_TRANSPORT_CONNECTION_H_
#define SLUICE_STREAM_TRANSPORT_CONNECTION_H_

#include <stdint.h>

#include "records.h"
#include "send-queue.h"

namespace sluice {

struct Connection;
struct Listener;
class TlsSession;

/** Links of an intrusive list; see connection-list.h. */
struct ConnectionLinks {
  Connection* previous;
  Connection* next;
};

enum class ConnectionState : uint8_t {
  kFree,        // seat not taken, or resting in the retired or free list
  kConnecting,  // connect() has not finished
  kOpen,
  kBroken,     // descriptor closed; CLOSED or CONNECT_FAILED waits to be reported
};

/** Bits of Connection::flags. */
enum ConnectionFlag : uint32_t {
  kReadable = 1u << 0,            // a read may find something; cleared when the socket is known to be drained
  kWritable = 1u << 1,            // the socket took everything so far
  kHangup = 1u << 2,              // RDHUP, HUP or ERR was flagged: read on until 0 or an error
  kSocketError = 1u << 3,         // ERR was flagged
  kPaused = 1u << 4,
  kInputEnded = 1u << 5,          // FIN read
  kShutdownWanted = 1u << 6,      // SHUTDOWN issued; no more SENDs
  kShutdownDone = 1u << 7,        // shutdown(SHUT_WR) called
  kReportDrained = 1u << 8,       // JavaScript knows that bytes are queued
  kSendBroken = 1u << 9,          // sending failed; what the peer sent before is still read
  kAdopted = 1u << 10,            // others may hold the descriptor too: leave epoll explicitly
  kTcp = 1u << 11,
  kIdleDeadline = 1u << 12,
  kClosing = 1u << 13,       // CLOSE was issued: dead for JavaScript, flushing or discarding
  kBlocksRelay = 1u << 14,   // a relay into it waits until its queue is empty
  kBulk = 1u << 16,          // as the source of an endless relay it has filled a whole buffer
  kNoSplice = 1u << 17,      // its socket cannot splice
  kStopRelay = 1u << 15,     // STOP_RELAY came while the end of an earlier relay was still to be reported
  kSocketReadable = 1u << 18,  // kReadable of the socket below TLS; without TLS it says nothing
  kMoreInside = 1u << 19,      // TLS: the last read was short although more, or an end, can be had without the socket
  kHandshaking = 1u << 20,     // TLS was started and is not established
  kStreaming = 1u << 21,       // the last read filled its buffer: the next one may take more
  kBulkAgain = 1u << 22,       // as kBulk, and much has come since it was last drained
  kTakesLess = 1u << 23,       // as the destination of spliced bytes it did not take all that it was offered last
  kSpeaksFirst = 1u << 24,     // the other side was not told at once that it is connected: what is sent first does that
};

/** Bits of Connection::pending: events raised and not yet written to the ring. */
enum PendingEvent : uint8_t {
  kPendingConnected = 1 << 0,
  kPendingTlsReady = 1 << 1,
  kPendingRelayed = 1 << 2,
  kPendingDrained = 1 << 3,
  kPendingEnd = 1 << 4,
  kPendingDeadline = 1 << 5,
  kPendingClosed = 1 << 6,  // CLOSED, or CONNECT_FAILED if it never was open
};

/** Bits of Connection::lists: which intrusive lists it is in. */
enum ListMembership : uint8_t {
  kInReady = 1 << 0,
  kInEventful = 1 << 1,
};

constexpr uint16_t kNoTimerSlot = 0xffff;
constexpr uint64_t kRelayUntilEnd = ~uint64_t{0};

struct Connection {
  ConnectionLinks ready;     // has work: unread input, a queue that may move, a relay
  ConnectionLinks eventful;  // has pending events; while the seat is free: the next free one
  ConnectionLinks timer;

  SendQueue queue;

  Connection* relayTo;       // destination while this is the source of a relay; null after that broke
  Connection* relaySources;  // connections that relay into this one
  Connection* relaySibling;  // next in the destination's relaySources
  Listener* listener;        // that accepted it, for the listener's own limit
  TlsSession* tls;           // owned; null: a plain connection

  uint64_t relayRemaining;  // kRelayUntilEnd: no count
  uint64_t relayMoved;      // while lingering: bytes the peer had taken when its patience was renewed last
  uint64_t endedMoved;      // for the pending RELAYED event; while lingering: input thrown away
  uint64_t deadlineMs;      // 0: none
  uint64_t lastActivityMs;
  uint64_t receivedBytes;   // read from the socket, by whomever
  uint64_t sentBytes;       // taken by the socket

  int32_t fd;
  uint32_t index;
  uint32_t flags;
  uint32_t idleMs;
  uint32_t lingerMs;
  uint32_t countedQueue;    // its share of the sum of all queues
  int32_t error;            // errno for CLOSED / CONNECT_FAILED

  uint16_t generation;
  uint16_t timerSlot;
  ConnectionState state;
  uint8_t pending;
  uint8_t lists;
  uint8_t relayFlags;
  RelayEnd endedReason;     // for the pending RELAYED event
  uint8_t servedRound;      // last batch (modulo 256) it was served in
  bool relaying;
  bool everOpen;

  int32_t Id() const { return MakeId(index, generation); }
  bool IsFree() const { return state == ConnectionState::kFree; }
  void Free() { state = ConnectionState::kFree; }
  Connection*& NextSeat() { return eventful.next; }
  bool Has(uint32_t flag) const { return (flags & flag) != 0; }
  void Set(uint32_t flag) { flags |= flag; }
  void Clear(uint32_t flag) { flags &= ~flag; }
};

static_assert(sizeof(Connection) <= 208, "an idle connection must stay small");

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_CONNECTION_H_
