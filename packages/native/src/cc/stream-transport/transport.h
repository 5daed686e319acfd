// The stream transport without Node: sockets in one epoll instance, an event ring out, a command ring in.
// Knows bytes, deadlines and limits. Single-threaded; runs no JavaScript except through BatchHost::Deliver.
//
// Every event but ACCEPTED, DATA and the listener events is first a bit in Connection::pending, so nothing is lost when the ring is
// full. A connection contributes at most one DATA to a batch: commands issued for it apply before the next byte is read.

#ifndef SLUICE_STREAM_TRANSPORT_TRANSPORT_H_
#define SLUICE_STREAM_TRANSPORT_TRANSPORT_H_

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <memory>

#include "../loop/loop-client.h"
#include "connection-list.h"
#include "connection-table.h"
#include "listener.h"
#include "pipe-pool.h"
#include "records.h"
#include "timer-wheel.h"

namespace sluice {

class TlsContext;
class TlsSession;
struct TlsClientWish;

struct TransportOptions {
  uint32_t connectionsMax;
  uint32_t receivePoolBytes;
  uint32_t receiveMaxBytes;
  uint32_t arenaBytes;
  uint32_t queueMaxBytes;
  uint32_t eventsMax;
  uint32_t commandsMax;
  uint64_t queuedMemoryHigh;
  uint32_t acceptedMax;
};

/** Memory shared with JavaScript, owned by the host; sizes follow from the options. Never trusted when read. */
struct TransportRegions {
  uint8_t* memory;
  int32_t* events;
  int32_t* commands;
  uint32_t* queuedBytes;
  int32_t* header;
};

class StreamTransport final : public LoopClient {
 public:
  StreamTransport(BatchHost* host, const TransportOptions& options, const TransportRegions& regions);
  ~StreamTransport();
  StreamTransport(const StreamTransport&) = delete;
  StreamTransport& operator=(const StreamTransport&) = delete;

  /** 0 or errno. */
  int Open() override;
  int EpollDescriptor() const override { return epoll_; }

  /** Serves what is ready: a few batches at most, never waits. */
  void Turn() override;
  /**
   * From within Deliver(), when a batch has been dealt with: executes its commands and, on a busy transport, fills the next one.
   * Returns its number of events; 0 ends this Deliver(). Spares a busy worker the way through libuv and Node for each batch.
   */
  uint32_t NextBatch();
  /** Executes the queued commands. */
  void Flush();

  /** Work is left that no descriptor will announce: Turn() must be called again soon. */
  bool NeedsTurn() const override;
  /** Milliseconds until Turn() must be called; -1: no need. */
  int64_t NextDelay() const override;
  /** There is something to wait for: a connection or a listener. */
  bool Active() const override { return table_.Live() > 0 || listeners_ != nullptr; }

  /** The following return 0 or errno. Descriptors are owned by the transport only after success. */
  int Listen(int fd, uint16_t tag, uint32_t connections_max);
  int Unlisten(uint16_t tag, bool close_descriptor);
  /** `speaks_first`: something is sent as soon as it is connected, which tells the other side that it is. */
  int Connect(const sockaddr* address, socklen_t length, bool speaks_first, int32_t* id);
  int Adopt(int fd, int32_t* id);
  /** Connections that others have put into a mailbox are reported as ACCEPTED, by the listener that the sender has named. */
  int ListenMailbox(int fd, uint16_t tag);
  /** Puts an accepted connection of which nothing is used yet into a mailbox. It is the caller's as before unless this succeeds. */
  int HandOver(int32_t id, int mailbox, uint32_t record_offset, uint16_t tag);
  /** getsockname() of a live connection. */
  int LocalAddress(int32_t id, sockaddr_storage* address, socklen_t* length) const;
  /** Bytes read from a live connection since it began. */
  int ReceivedBytes(int32_t id, uint64_t* bytes) const;
  /** Bytes given to a live connection to send since it began, queued ones included. */
  int SentBytes(int32_t id, uint64_t* bytes) const;
  /** Bytes that the peer of a live connection has acknowledged since it began. */
  int TakenBytes(int32_t id, uint64_t* bytes) const;
  /** Bytes of a live connection that wait in the kernel to be read. */
  int UnreadBytes(int32_t id, uint64_t* bytes) const;

  /**
   * Begins TLS on a live connection; 0 or errno. `offset`/`length`: range of the shared memory with what was received already. Bytes
   * queued so far go out as they are, before it; what is sent from now on waits for the handshake.
   */
  int StartTls(int32_t id, TlsContext* context, uint32_t offset, uint32_t length);
  int StartTlsClient(int32_t id, TlsContext* context, const TlsClientWish& wish);
  /** Null unless TLS is established on this live connection. */
  const TlsSession* FindTls(int32_t id) const;

  /** Closes every descriptor. Safe from within Deliver(). */
  void Destroy() override;
  bool Destroyed() const override { return destroyed_; }

 private:
  // transport.cc: turns, batches, events
  int PollSockets();
  void FillBatch();
  void ServeReady();
  void Serve(Connection* c);
  void ExpireDeadlines();
  void RefreshClock();
  void Raise(Connection* c, uint8_t pending_event);
  void EmitPending();
  bool EmitPendingOf(Connection* c);
  void EmitRelayed(Connection* c, uint64_t moved, RelayEnd reason);
  void EmitClosed(Connection* c);

  // lifecycle.cc: from a descriptor to a seat and back
  int Register(int fd, bool tcp, Connection** out);
  void CloseDescriptor(Connection* c, bool abort);
  void Break(Connection* c, int error);
  void Abort(Connection* c, int error);
  void BreakWith(Connection* c, int error, bool abort);
  void Release(Connection* c);
  void FinishConnect(Connection* c);
  void BecomeOpen(Connection* c);
  void WantShutdown(Connection* c);
  void DoShutdown(Connection* c);
  void FinishIfBothEnded(Connection* c);
  void StartLingering(Connection* c, uint32_t linger_ms);
  void ServeLingering(Connection* c);
  bool Discard(Connection* c);
  bool RenewPatience(Connection* c);

  // input-output.cc: bytes in and out of one connection
  void ReadInput(Connection* c);
  void EndInput(Connection* c);
  void ReadFailed(Connection* c, int error);
  void CheckSocketError(Connection* c);
  void SendVectors(Connection* c, iovec* vectors, int count, bool from_javascript);
  void QueueRest(Connection* c, const iovec* vectors, int count, size_t skip, bool from_javascript);
  void FlushQueue(Connection* c);
  ssize_t SendFirst(Connection* c, size_t most, size_t* offered);
  void NoteSent(Connection* c, size_t length);
  void QueueSent(Connection* c);
  void SendFailed(Connection* c, int error);
  void Touch(Connection* c) { c->lastActivityMs = now_ms_; }
  void PublishQueue(Connection* c);
  void PublishTotal(HeaderWord word, uint64_t total);
  bool QueuesAreHigh() const { return queued_total_ >= options_.queuedMemoryHigh; }

  // tls-handshake.cc: from plain to TLS
  int CheckTlsStart(const Connection* c) const;
  int AttachTls(Connection* c, TlsSession* session);
  void DropTls(Connection* c);
  void EndHandshake(Connection* c);
  void ServeTls(Connection* c);
  bool StepHandshake(Connection* c);
  bool SendPlainFirst(Connection* c);
  void EmitTlsReady(Connection* c);
  int32_t ReasonOfTls(const Connection* c, const char** text) const;

  // tls-input-output.cc: what input-output.cc does, through a TLS session
  void EnterTls(Connection* c);
  void LeaveTls(Connection* c);
  ssize_t ReceiveTls(Connection* c, uint8_t* buffer, size_t wanted);
  bool HoldsDecrypted(const Connection* c) const;
  void SendVectorsTls(Connection* c, iovec* vectors, int count, bool from_javascript);
  size_t WriteTls(Connection* c, const uint8_t* bytes, size_t length);
  void FlushQueueTls(Connection* c);
  bool SendCloseNotify(Connection* c);
  void LetAlertPass(Connection* c);

  // relay.cc
  void StartRelay(Connection* source, Connection* destination, uint64_t bytes, uint8_t flags);
  void RunRelay(Connection* source);
  bool RelayOnce(Connection* source, size_t* budget);
  bool IsBulk(Connection* source);
  size_t RelayCopied(Connection* source, Connection* destination);
  size_t RelaySpliced(Connection* source, Connection* destination);
  size_t RelayNothing(Connection* source, ssize_t count);
  void NoteRelayed(Connection* source, size_t length);
  size_t SpliceStep(const Connection* source) const;
  void SendSpliced(Connection* c, SplicePipe* pipe);
  void CopyOut(Connection* c, SplicePipe* pipe);
  void FinishRelay(Connection* source, RelayEnd reason);
  void UnlinkRelay(Connection* source);
  void DetachSources(Connection* destination);
  void WakeSources(Connection* destination);

  // accept.cc
  void ServeListeners();
  void AcceptFrom(Listener* listener);
  /** kAccepted also when one attempt failed in a way that says nothing about the next. */
  enum class AcceptResult { kAccepted, kNothing, kRefused };
  AcceptResult AcceptOne(Listener* listener);
  bool IsLimited(const Listener* listener) const;
  void PauseListener(Listener* listener, int error);
  void ResumeListener(Listener* listener);
  void EnterListener(Connection* c, Listener* listener);
  void LeaveListener(Connection* c);
  Listener* FindListener(uint16_t tag) const;
  int AddListener(const Listener& listener);

  // hand-over.cc
  AcceptResult ReceiveOne(Listener* mailbox);
  bool SeatReceived(int fd, const uint8_t* record);
  bool IsUntouched(const Connection* c) const;

  // commands.cc
  void ExecuteCommands();
  uint32_t ExecuteSends(uint32_t first, uint32_t count);
  void ExecuteRelay(Connection* source, const int32_t* command);
  void ExecuteOne(Connection* c, const int32_t* command);
  void SetKeepAlive(Connection* c, const int32_t* command);
  void SetDeadline(Connection* c, int32_t milliseconds, bool idle);
  Connection* FindForCommand(int32_t id) const;
  void PublishCount() { regions_.header[kHeaderConnections] = static_cast<int32_t>(table_.Live()); }
  void CountWord(HeaderWord word) { regions_.header[word] = (regions_.header[word] + 1) & 0x7fffffff; }

  BatchHost* host_;
  TransportOptions options_;
  TransportRegions regions_;
  EventRing ring_;
  int epoll_ = -1;
  bool destroyed_ = false;
  bool turning_ = false;
  bool delivering_ = false;
  bool polls_again_ = false;  // epoll may hold more than it has told
  bool wake_listeners_ = false;  // a descriptor or a seat became free: paused listeners may try again

  uint64_t now_ms_ = 0;
  double now_exact_ms_ = 0;
  uint64_t queued_total_ = 0;
  uint64_t spliced_total_ = 0;
  uint32_t accepted_ = 0;        // connections that belong to a listener, removed ones included
  uint32_t listener_count_ = 0;  // without mailboxes
  uint32_t delivered_ = 0;  // events since Deliver() was called
  uint32_t pool_used_ = 0;
  uint32_t handshakes_ = 0;          // under way
  uint64_t handshake_spent_us_ = 0;  // on steps of handshakes since sockets were looked at
  bool wipes_ = false;               // TLS was used: buffers are wiped before they are freed
  uint8_t round_ = 0;  // tells which connections were served in this batch already

  PipePool pipes_;  // before the table, whose queues give pipes back
  ConnectionTable table_;
  ReadyList ready_;
  EventfulList eventful_;
  TimerWheel wheel_;
  Listener* listeners_ = nullptr;
  std::unique_ptr<uint8_t[]> scratch_;  // kScratchBytes: relayed or discarded bytes in flight

  static constexpr int kPollMax = 512;
  epoll_event poll_[kPollMax];

  static constexpr size_t kScratchBytes = 64 * 1024;
  /** Most bytes a relay reads at once while all queues together are too large. */
  static constexpr size_t kSmallRelayBytes = 4 * 1024;
  /** Most bytes that are moved by one step of splicing. */
  static constexpr size_t kSpliceBytes = 1024 * 1024;
  /** The same where the destination is slow, or a rest would have to be copied. */
  static constexpr size_t kSmallSpliceBytes = 256 * 1024;
  static constexpr uint64_t kSpliceMin = 64 * 1024;
  /** Spliced at once: much is still coming. Loopback and receive offload hand over pieces just below 64 KiB. */
  static constexpr size_t kBulkMin = 32 * 1024;
  /** Most bytes one relay or one discarding connection may move before others get their turn. */
  static constexpr size_t kTurnBytes = 256 * 1024;
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_TRANSPORT_H_
