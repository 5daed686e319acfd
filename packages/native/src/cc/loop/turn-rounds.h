// When a turn ends although there may be more to do, so that timers, other handles and microtasks of the loop get theirs. Looking at
// the sockets again within a turn saves a whole round of the loop, which is dear where every connection brings little.

#ifndef SLUICE_LOOP_TURN_ROUNDS_H_
#define SLUICE_LOOP_TURN_ROUNDS_H_

namespace sluice {

class TurnRounds {
 public:
  /** A round in which so many sockets had something is likely to have left more behind it. */
  static constexpr int kBusySockets = 4;

  /** After a round that began at `now_ms` and maybe called JavaScript: whether another may follow. */
  bool MayGoOn(double now_ms, bool delivered) {
    if (delivered) delivered_++;
    if (started_ms_ < 0) started_ms_ = now_ms;
    return delivered_ < kDeliveredMax && now_ms - started_ms_ < kTurnMs;
  }

 private:
  static constexpr int kDeliveredMax = 4;
  static constexpr double kTurnMs = 1;

  double started_ms_ = -1;
  int delivered_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_LOOP_TURN_ROUNDS_H_
