// Numbers shared with datagram-transport-records.ts: event kinds, reasons, and where totals stand. Both files change together; the
// tests of the TypeScript face exercise every kind.

#ifndef SLUICE_DATAGRAM_TRANSPORT_RECORDS_H_
#define SLUICE_DATAGRAM_TRANSPORT_RECORDS_H_

#include "../loop/records.h"

namespace sluice {
namespace datagram {

enum EventKind : int32_t {
  kEventFlowNew = 1,
  kEventFlowData = 2,
  kEventFlowAnswer = 3,
  kEventFlowClosed = 4,
  kEventListenerClosed = 5,
};

/** Why a flow ended. */
enum FlowEnd : uint8_t {
  kEndIdle = 0,
  kEndEvicted = 1,
  kEndServer = 2,
  kEndUndecided = 3,
  kEndListener = 4,
  kEndClosed = 5,
};

/** Doubles of the record of a FLOW_CLOSED. */
constexpr uint32_t kFlowNumbers = 6;

/** Doubles of the totals. */
enum Total : uint32_t {
  kTotalNow = 0,
  kTotalFlows,
  kTotalUndecided,
  kTotalFromClients,
  kTotalBytesFromClients,
  kTotalToServers,
  kTotalFromServers,
  kTotalBytesFromServers,
  kTotalToClients,
  kTotalDroppedNoSeat,
  kTotalDroppedUndecided,
  kTotalDroppedDraining,
  kTotalDroppedQueue,
  kTotalDroppedSend,
  kTotalDroppedAmplification,
  kTotalEvicted,
  kTotalExpired,
  kTotalMoved,
  kTotalQueuedBytes,
  kTotalReceivedTogether,
  kTotalSentTogether,
  kTotalDroppedReceiving,
  kTotals = 24,
};

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_RECORDS_H_
