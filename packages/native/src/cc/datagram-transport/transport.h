// The datagram transport without Node: flows between clients of bound UDP sockets and the connected sockets to their servers. Datagrams
// pass natively; JavaScript decides about new flows and learns of their end. Knows bytes, times and limits, no protocol and no policy.
// Single-threaded; runs no JavaScript except through BatchHost::Deliver.

#ifndef SLUICE_DATAGRAM_TRANSPORT_TRANSPORT_H_
#define SLUICE_DATAGRAM_TRANSPORT_TRANSPORT_H_

#include <errno.h>
#include <sys/epoll.h>

#include "../loop/loop-client.h"
#include "flow-table.h"
#include "receive-batch.h"
#include "records.h"
#include "send-batch.h"

namespace sluice {
namespace datagram {

struct TransportOptions {
  uint32_t flowsMax;
  uint32_t undecidedMax;
  uint32_t undecidedDatagramsMax;  // of one flow
  uint32_t undecidedMs;
  uint32_t queueMaxBytes;  // of one socket
  uint32_t memoryBytes;
  uint32_t eventsMax;
  uint32_t offload;  // 1: UDP_GRO and UDP_SEGMENT where the kernel has them
};

/** Memory shared with JavaScript, owned by the host; sizes follow from the options. */
struct TransportRegions {
  uint8_t* memory;
  int32_t* events;
  double* totals;
};

class DatagramTransport final : public LoopClient {
 public:
  DatagramTransport(BatchHost* host, const TransportOptions& options, const TransportRegions& regions);
  ~DatagramTransport();
  DatagramTransport(const DatagramTransport&) = delete;
  DatagramTransport& operator=(const DatagramTransport&) = delete;

  int Open() override;
  int EpollDescriptor() const override { return epoll_; }
  void Turn() override;
  bool NeedsTurn() const override;
  int64_t NextDelay() const override;
  bool Active() const override { return listeners_ != nullptr; }
  void Destroy() override;
  bool Destroyed() const override { return destroyed_; }

  /** The following return 0 or errno; ESTALE: no such flow, or not in that state. */

  /** Owns the descriptor after success. */
  int Listen(int fd, uint16_t tag, const ListenerOptions& options);
  int Unlisten(uint16_t tag, bool keep_flows, bool close_descriptor);
  int ConnectFlow(int32_t id, const sockaddr* server, socklen_t length);
  int Refuse(int32_t id);
  int CloseFlow(int32_t id);
  int AddKey(int32_t id, const uint8_t* bytes, uint32_t length);
  int InspectAnswers(int32_t id, uint32_t count);

 private:
  // transport.cc: turns and events
  int PollSockets();
  void FillBatch();
  void RefreshClock();
  /** Calls from outside of a turn: the clock stands still between turns. */
  void BeginCall() {
    if (!turning_) RefreshClock();
  }
  void EndCall() {
    if (!turning_) PublishTotals();
  }
  void PublishTotals();
  void Count(Total total, uint64_t number = 1) { totals_[total] += number; }
  /** Offset of `bytes` in the memory, 8-byte aligned; -1: no room in this batch. */
  int64_t Reserve(uint32_t bytes);
  bool EmitUndecided(Flow* flow);
  bool EmitEnded(Flow* flow);
  void EmitEvents();
  void ShowAnswer(Flow* flow, const ReceivedDatagram& answer);

  // listeners.cc
  Listener* FindListener(uint16_t tag) const;
  Listener* FindBySerial(uint32_t serial) const;
  int CheckSocket(int fd, Listener* listener) const;
  void LeaveIfEmpty(Listener* listener);
  void CloseListenerSocket(Listener* listener);
  void ReportGoneListeners();

  // clients.cc: from clients to servers
  void ServeListener(Listener* listener);
  void ReadToTheEnd(Listener* listener);
  void Sort(Listener* listener, int slot);
  Flow* FindFlow(Listener* listener, int slot, const ClientAddress& client);
  /** For a client that has sent `datagrams`; null: they are dropped, and counted. */
  Flow* MakeFlow(Listener* listener, const ClientAddress& client, uint32_t datagrams);
  bool MakeRoom(Listener* listener);
  void KeepUndecided(Flow* flow, const ReceivedDatagram& datagram);
  void Forward(Flow* flow);
  void SendToServer(Flow* flow);
  void FlushToServer(Flow* flow);
  bool Watch(int operation, int fd, uint64_t data, bool writes);

  // servers.cc: from servers to clients
  void ServeFlows();
  int ReceiveOnce(Flow* flow, int slot, int count);
  int ReceiveAnswers(Flow* flow, int slot, int count);
  uint64_t TakeAnswers(Flow* flow, int slot, int count);
  uint32_t Allowed(Flow* flow, const ReceivedDatagram& answer);
  void SendToClients();
  void FlushToClients(Listener* listener);
  void NoteSocketError(Flow* flow);

  // sending.cc: one socket's batch, and what it does not take
  struct Target {
    int fd;
    int family;  // 0: connected
    DatagramQueue* queue;
    uint16_t* segmentRefused;
  };
  void AddToBatch(const Target& target, Flow* flow, uint8_t* bytes, uint32_t length, uint32_t segment, int* error);
  /** Sends and clears the batch; true: the socket is full and the rest was queued. `error`: the last that was no matter of one datagram. */
  bool SendBatchTo(const Target& target, int* error);
  int SendSplit(const Target& target, int entry);
  void QueueRest(const Target& target, int first);
  /** Sends what waits; true: something still does. */
  bool SendQueue(const Target& target, int* error);
  /** Empties it; how many datagrams are lost, which `total` counts. */
  uint32_t LoseQueue(DatagramQueue* queue, Total total);
  Target ServerOf(Flow* flow) { return {flow->fd, 0, &flow->queue, &flow->segmentRefused}; }
  Target ClientsOf(Listener* l) { return {l->fd, l->family, &l->queue, &l->segmentRefused}; }
  void NoteSent(const SendEntry& entry, bool to_client);
  void NoteLost(const SendEntry& entry);
  void ChangeQueued(size_t before, size_t after) { queued_ += after; queued_ -= before; }
  uint32_t SegmentLimit(const Target& target) const;

  // flows.cc: from the first datagram to the end
  void Touch(Flow* flow);
  void LoseChain(Flow* flow);
  void EndFlow(Flow* flow, FlowEnd end, int error);
  void Forget(Flow* flow);
  void Expire();
  bool EvictFrom(Listener* listener);

  // kernel-drops.cc: datagrams that never came here
  void LookForDrops(Listener* listener);
  void CountDropsOf(const Flow* flow);

  BatchHost* host_;
  TransportOptions options_;
  TransportRegions regions_;
  EventRing ring_;
  int epoll_ = -1;
  bool destroyed_ = false;
  bool turning_ = false;
  bool delivering_ = false;
  bool polls_again_ = false;
  bool segments_ = false;   // UDP_SEGMENT may be used
  bool coalesces_ = false;  // UDP_GRO may be used

  uint64_t now_ms_ = 0;
  double now_exact_ms_ = 0;
  uint64_t totals_[kTotals] = {};
  uint32_t flows_ = 0;  // undecided and open
  uint32_t undecided_count_ = 0;
  uint64_t queued_ = 0;
  uint32_t memory_used_ = 0;
  uint32_t serials_ = 0;

  FlowTable table_;
  LinkedList<Flow, &Flow::ready> ready_;
  LinkedList<Flow, &Flow::ready> unshown_;  // undecided ones with payloads to show
  RecencyList undecided_;
  RecencyList ended_;
  Listener* listeners_ = nullptr;
  Listener* answering_ = nullptr;  // whose answers are in the batch

  ReceiveBatch received_;
  SendBatch batch_;
  Flow* chained_[kSlots];
  int chained_count_ = 0;

  static constexpr int kPollMax = 512;
  epoll_event poll_[kPollMax];
};

constexpr uint64_t kListenerBit = uint64_t{1} << 63;

/** Says nothing about the server's being there: the next datagram may pass. */
inline bool IsPassing(int error) {
  return error == EAGAIN || error == EINTR || error == EMSGSIZE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_TRANSPORT_H_
