// Seats for flows, found by id, by (listener, client address) and by key.

#ifndef SLUICE_DATAGRAM_TRANSPORT_FLOW_TABLE_H_
#define SLUICE_DATAGRAM_TRANSPORT_FLOW_TABLE_H_

#include "../loop/seat-table.h"
#include "listener.h"

namespace sluice {
namespace datagram {

class FlowTable {
 public:
  FlowTable() = default;
  ~FlowTable();
  FlowTable(const FlowTable&) = delete;
  FlowTable& operator=(const FlowTable&) = delete;

  /** False when memory is short. */
  bool Init(uint32_t seats);

  /** A cleared seat with a new id, findable by address; null when all are taken or memory is short. */
  Flow* Take(Listener* listener, const ClientAddress& client);
  /** It is found by address and keys no more; by id it still is. */
  void Hide(Flow* flow);
  /** Ends the id. The seat rests until Recycle(). */
  void Retire(Flow* flow);
  void Recycle() { seats_.Recycle(); }

  /** In whatever state but kFree; null for ids that are stale or never were. */
  Flow* Find(int32_t id) const { return seats_.Find(id); }
  Flow* FindByAddress(const Listener* listener, const ClientAddress& client) const;
  Flow* FindByKey(const Listener* listener, const uint8_t* bytes, uint32_t length) const;
  /** 0 or errno: EEXIST (of another flow), ENOBUFS (kKeysMax), ENOMEM. */
  int AddKey(Flow* flow, const uint8_t* bytes, uint32_t length);
  /** Another address for the same flow. */
  void Move(Flow* flow, const ClientAddress& client);

  Flow* At(uint32_t index) const { return seats_.At(index); }
  uint32_t Touched() const { return seats_.Touched(); }

 private:
  Flow** BucketOf(const Listener* listener, const ClientAddress& client) const;
  FlowKey** KeyBucketOf(const Listener* listener, const uint8_t* bytes, uint32_t length) const;
  void Unlink(Flow* flow);

  SeatTable<Flow, 8> seats_;
  Flow** buckets_ = nullptr;
  FlowKey** key_buckets_ = nullptr;  // made with the first key
  uint32_t mask_ = 0;
  HashSeed seed_ = {};
};

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_FLOW_TABLE_H_
