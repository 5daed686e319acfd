// Seats for connections. A seat that was taken is connecting, and in no list.

#ifndef SLUICE_STREAM_TRANSPORT_CONNECTION_TABLE_H_
#define SLUICE_STREAM_TRANSPORT_CONNECTION_TABLE_H_

#include "../loop/seat-table.h"
#include "connection.h"

namespace sluice {

class ConnectionTable : public SeatTable<Connection, 9> {
 public:
  ~ConnectionTable() {
    for (uint32_t index = 0; index < Touched(); index++) At(index)->queue.Clear();
  }

  /** Null when all are taken or memory is short. */
  Connection* Take() {
    Connection* c = SeatTable::Take();
    if (c == nullptr) return nullptr;
    c->fd = -1;
    c->timerSlot = kNoTimerSlot;
    c->state = ConnectionState::kConnecting;
    return c;
  }

  void Retire(Connection* c) {
    c->queue.Clear();
    SeatTable::Retire(c);
  }
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_CONNECTION_TABLE_H_
