// Seats for connections: lazily grown, found by generation-tagged id. Seats never move and are never given back to
// the heap before the table dies, so a Connection pointer is always safe to read.

#ifndef SLUICE_STREAM_TRANSPORT_CONNECTION_TABLE_H_
#define SLUICE_STREAM_TRANSPORT_CONNECTION_TABLE_H_

#include <memory>

#include "connection.h"

namespace sluice {

class ConnectionTable {
 public:
  ConnectionTable() = default;
  ~ConnectionTable();
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  /** `seats` 1 … kConnectionsMax. False when memory is short. */
  bool Init(uint32_t seats);

  /** A cleared seat with a new id, state kConnecting; null when all are taken or memory is short. */
  Connection* Take();
  /** Ends the id. The seat rests until Recycle(): events of the batch under way may still name it. */
  void Retire(Connection* connection);
  /** Lets retired seats be taken again; whether there were any. */
  bool Recycle();

  /** The seat with this id, in whatever state but kFree; null for ids that are stale or never were. */
  Connection* Find(int32_t id) const;
  /** Seats 0 … Touched()-1 have been in use at some time. */
  Connection* At(uint32_t index) const { return &chunks_[index >> kChunkBits][index & kChunkMask]; }
  uint32_t Touched() const { return fresh_; }

  uint32_t Live() const { return live_; }
  bool Full() const { return live_ + retired_count_ >= seats_; }

 private:
  static constexpr uint32_t kChunkBits = 9;
  static constexpr uint32_t kChunkMask = (1u << kChunkBits) - 1;
  /** Seats that rest before one is reused, so that generations wrap as late as the table size allows. */
  static constexpr uint32_t kResting = 1024;

  Connection* TakeFresh();
  Connection* TakeRested();

  std::unique_ptr<Connection*[]> chunks_;
  uint32_t seats_ = 0;
  uint32_t fresh_ = 0;
  uint32_t live_ = 0;
  uint32_t retired_count_ = 0;
  uint32_t free_count_ = 0;
  Connection* free_head_ = nullptr;
  Connection* free_tail_ = nullptr;
  Connection* retired_ = nullptr;
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_CONNECTION_TABLE_H_
