// Deadlines of connections: a hashed wheel of 8 ms ticks. Setting is O(1); a deadline pushed back stays where it is and is
// looked at again when its slot comes round (idle deadlines move with every byte, so most sets touch no list).

#ifndef SLUICE_STREAM_TRANSPORT_TIMER_WHEEL_H_
#define SLUICE_STREAM_TRANSPORT_TIMER_WHEEL_H_

#include "connection.h"

namespace sluice {

class TimerWheel {
 public:
  /** `now_ms`: any monotonic clock; all other calls must use the same one. */
  void Start(uint64_t now_ms);

  /** Arms or moves the connection's timer to Connection::deadlineMs (not 0). */
  void Arm(Connection* connection);
  void Cancel(Connection* connection);

  /**
   * Takes out one connection whose slot has come and whose deadline has passed; null when none is left for now.
   * Idle deadlines that were pushed back, and ones beyond the horizon, go to a later slot on the way.
   */
  Connection* TakeExpired(uint64_t now_ms);

  /** Milliseconds until the wheel needs to be looked at again; -1 when nothing is armed. */
  int64_t NextDelay(uint64_t now_ms) const;

 private:
  static constexpr uint32_t kTickMs = 8;
  static constexpr uint32_t kSlots = 1024;
  static constexpr uint32_t kWords = kSlots / 64;

  /** Puts it where it is due, not before tick `earliest` and not beyond the horizon. */
  void Insert(Connection* connection, uint64_t earliest);
  void Unlink(Connection* connection);
  static uint64_t DueMs(const Connection* connection);
  /** Distance in ticks from `from` (inclusive) to the next slot in use; kSlots when none is. */
  uint32_t Distance(uint32_t from) const;

  Connection* heads_[kSlots] = {};
  uint64_t used_[kWords] = {};
  uint64_t tick_ = 0;  // the next tick to look at
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_TIMER_WHEEL_H_
