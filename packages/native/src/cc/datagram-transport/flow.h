// One flow: a client of one listener, the connected socket to its server, and what has passed. Data only: what becomes of it is
// decided in the files of the transport.

#ifndef SLUICE_DATAGRAM_TRANSPORT_FLOW_H_
#define SLUICE_DATAGRAM_TRANSPORT_FLOW_H_

#include <stdint.h>

#include "client-address.h"
#include "datagram-queue.h"
#include "linked-list.h"
#include "records.h"

namespace sluice {
namespace datagram {

struct Flow;
struct Listener;

/** Another name under which datagrams of a flow may come, e.g. a connection id. */
struct FlowKey {
  FlowKey* next;     // in its bucket
  FlowKey* sibling;  // of the same flow
  Flow* flow;
  uint8_t length;
  uint8_t bytes[20];
};
constexpr uint32_t kKeyBytesMax = 20;
constexpr uint32_t kKeysMax = 8;

enum class FlowState : uint8_t {
  kFree,
  kUndecided,  // JavaScript has been told and has not answered
  kOpen,
  kEnded,      // FLOW_CLOSED waits to be reported
};

struct Flow {
  Links<Flow> place;  // by state: undecided; recently used ones of the listener; ended
  Links<Flow> ready;  // its server's socket may have something
  Flow* bucket;       // next with the same hash; while the seat is free: the next free one
  Listener* listener;
  FlowKey* keys;
  DatagramQueue queue;  // towards the server

  ClientAddress client;
  uint32_t localScope;
  uint8_t local[16];  // address that was asked; only of listeners on a wildcard address

  uint64_t startedMs;
  uint64_t activeMs;  // something passed last
  uint64_t placedMs;  // when it got its place among recently used ones
  uint64_t fromClient, bytesFromClient;
  uint64_t toClient, bytesToClient;
  int64_t credit;  // bytes that may still be answered, until a second datagram has come
  uint32_t dropped;
  int32_t fd;
  int32_t error;
  uint32_t index;
  int16_t chainFirst, chainLast;  // slots of the batch under way
  uint16_t generation;
  uint16_t segmentRefused;  // datagrams so large cannot be segmented on the way to the server; 0: not known
  FlowState state;
  FlowEnd end;
  uint8_t keyCount;
  uint8_t shownFromClient, shownFromServer;  // payloads that JavaScript was shown
  uint8_t wantedFromServer;                  // of this flow, besides what the listener shows
  uint8_t heard;    // datagrams from this address, as far as the amplification limit counts
  bool limited;     // the amplification limit holds
  bool failed;      // its socket has an error to tell
  bool blocked;     // its socket takes nothing: wait for EPOLLOUT
  bool coalesces;   // UDP_GRO is on
  bool bulk;        // much comes at once from its server
  bool several;     // its server sent more than one datagram between two looks

  int32_t Id() const { return MakeId(index, generation); }
  bool IsFree() const { return state == FlowState::kFree; }
  void Free() { state = FlowState::kFree; }
  Flow*& NextSeat() { return bucket; }
};

static_assert(sizeof(Flow) <= 320, "there may be a million of them");

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_FLOW_H_
