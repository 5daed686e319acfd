// Numbers shared with stream-transport-records.ts: record kinds and the layout of the shared header.
// Both files change together; the tests of the TypeScript face exercise every kind.

#ifndef SLUICE_STREAM_TRANSPORT_RECORDS_H_
#define SLUICE_STREAM_TRANSPORT_RECORDS_H_

#include "../loop/records.h"

namespace sluice {

constexpr uint32_t kConnectionsMax = kIndexMask;

enum EventKind : int32_t {
  kEventAccepted = 1,
  kEventConnected = 2,
  kEventConnectFailed = 3,
  kEventData = 4,
  kEventEnd = 5,
  kEventClosed = 6,
  kEventDrained = 7,
  kEventDeadline = 8,
  kEventRelayed = 9,
  kEventListenerPaused = 10,
  kEventListenerResumed = 11,
  kEventTlsReady = 12,
};

enum RelayEnd : uint8_t {
  kRelayCount = 0,
  kRelaySourceEnd = 1,
  kRelaySourceBroken = 2,
  kRelayDestinationBroken = 3,
  kRelayStopped = 4,
};

enum CommandKind : int32_t {
  kCommandSend = 1,
  kCommandRelay = 2,
  kCommandPause = 3,
  kCommandResume = 4,
  kCommandShutdown = 5,
  kCommandClose = 6,
  kCommandReset = 7,
  kCommandDeadline = 8,
  kCommandStopRelay = 9,
  kCommandKeepAlive = 10,
};

constexpr uint8_t kRelayShutdown = 1;
constexpr uint8_t kRelayCopy = 2;
constexpr uint8_t kRelaySplice = 4;
constexpr uint8_t kRelayFlags = kRelayShutdown | kRelayCopy | kRelaySplice;
/** Bits beside the version in TLS_READY. */
constexpr int32_t kTlsResumed = 1 << 16;
constexpr int32_t kTlsPeerCertificate = 1 << 17;
/** Where in a peer record the listener's tag stands of a connection that another process has accepted. */
constexpr uint32_t kPeerRecordHandedOver = 26;

/** Words of the shared header. `kHeaderNow` is the first of two words that hold a double. */
enum HeaderWord : uint32_t {
  kHeaderCommands = 0,
  kHeaderArenaUsed = 1,
  kHeaderConnections = 2,
  kHeaderStale = 3,
  kHeaderRefused = 4,
  kHeaderHandshakes = 5,
  kHeaderNow = 6,
  kHeaderQueued = 8,   // heap bytes of all queues, a double
  kHeaderSpliced = 10,  // bytes that relays have moved without copying them, a double
  kHeaderWords = 16,
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_RECORDS_H_
