// Slot arithmetic of the wheel. A bitmap of used slots makes "when next" cheap, so no timer runs when none is needed.
// Lists are threaded through the connections; what an expired deadline means is decided in JavaScript.

#include "timer-wheel.h"

#include <algorithm>

namespace sluice {

void TimerWheel::Start(uint64_t now_ms) { tick_ = now_ms / kTickMs; }

uint64_t TimerWheel::DueMs(const Connection* c) {
  if (!c->Has(kIdleDeadline)) return c->deadlineMs;
  return std::max(c->deadlineMs, c->lastActivityMs + c->idleMs);
}

void TimerWheel::Insert(Connection* c, uint64_t earliest) {
  // Rounded up: a deadline never fires early. The horizon keeps one slot from meaning two ticks.
  const uint64_t due = (DueMs(c) + kTickMs - 1) / kTickMs;
  const uint64_t tick = std::min(std::max(due, earliest), tick_ + kSlots - 1);
  const uint32_t slot = static_cast<uint32_t>(tick % kSlots);
  c->timerSlot = static_cast<uint16_t>(slot);
  c->timer.previous = nullptr;
  c->timer.next = heads_[slot];
  if (heads_[slot] != nullptr) heads_[slot]->timer.previous = c;
  heads_[slot] = c;
  used_[slot / 64] |= uint64_t{1} << (slot % 64);
}

void TimerWheel::Unlink(Connection* c) {
  const uint32_t slot = c->timerSlot;
  if (c->timer.previous != nullptr) {
    c->timer.previous->timer.next = c->timer.next;
  } else {
    heads_[slot] = c->timer.next;
    if (heads_[slot] == nullptr) used_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  }
  if (c->timer.next != nullptr) c->timer.next->timer.previous = c->timer.previous;
  c->timer.previous = nullptr;
  c->timer.next = nullptr;
  c->timerSlot = kNoTimerSlot;
}

void TimerWheel::Arm(Connection* c) {
  if (c->timerSlot != kNoTimerSlot) {
    const uint64_t slot_tick = tick_ + (c->timerSlot + kSlots - tick_ % kSlots) % kSlots;
    const uint64_t due = (DueMs(c) + kTickMs - 1) / kTickMs;
    if (due >= slot_tick) return;
    Unlink(c);
  }
  Insert(c, tick_);
}

void TimerWheel::Cancel(Connection* c) {
  if (c->timerSlot != kNoTimerSlot) Unlink(c);
  c->deadlineMs = 0;
  c->idleMs = 0;
  c->Clear(kIdleDeadline);
}

Connection* TimerWheel::TakeExpired(uint64_t now_ms) {
  const uint64_t last = now_ms / kTickMs;
  // After a long stall no slot needs to be looked at twice; one slot is left out so that what is put back below
  // never lands among the slots still to be looked at.
  if (last >= tick_ + kSlots - 1) tick_ = last - (kSlots - 2);
  while (tick_ <= last) {
    const uint32_t distance = Distance(static_cast<uint32_t>(tick_ % kSlots));
    if (distance > last - tick_) break;
    tick_ += distance;
    Connection* c = heads_[tick_ % kSlots];
    Unlink(c);
    if (DueMs(c) <= now_ms) {
      c->deadlineMs = 0;
      c->idleMs = 0;
      c->Clear(kIdleDeadline);
      return c;
    }
    Insert(c, last + 1);
  }
  tick_ = std::max(tick_, last + 1);
  return nullptr;
}

uint32_t TimerWheel::Distance(uint32_t from) const {
  for (uint32_t step = 0; step <= kWords; step++) {
    const uint32_t word = (from / 64 + step) % kWords;
    uint64_t bits = used_[word];
    if (step == 0) bits &= ~uint64_t{0} << (from % 64);
    if (step == kWords) bits &= ~(~uint64_t{0} << (from % 64));
    if (bits == 0) continue;
    const uint32_t slot = word * 64 + static_cast<uint32_t>(__builtin_ctzll(bits));
    return (slot + kSlots - from) % kSlots;
  }
  return kSlots;
}

int64_t TimerWheel::NextDelay(uint64_t now_ms) const {
  const uint32_t distance = Distance(static_cast<uint32_t>(tick_ % kSlots));
  if (distance == kSlots) return -1;
  const uint64_t due = (tick_ + distance) * kTickMs;
  return due <= now_ms ? 0 : static_cast<int64_t>(due - now_ms);
}

}  // namespace sluice
