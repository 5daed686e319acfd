// Seats for what a transport keeps, connections or flows: lazily grown, found by generation-tagged id. Seats never move and are given
// back to the heap with the table only, so a pointer to one is always safe to read. Ended seats rest, first in first out, before they
// are used again, with another generation: ids of earlier use find nothing.

#ifndef SLUICE_LOOP_SEAT_TABLE_H_
#define SLUICE_LOOP_SEAT_TABLE_H_

#include <stdlib.h>
#include <string.h>

#include <memory>
#include <new>

#include "records.h"

namespace sluice {

/**
 * A `Seat` may be all zero bytes. It has `index` and `generation`, which are the table's; `Free()` after which `IsFree()`, as when it
 * is zero; and `NextSeat()`, a pointer that is the table's while it is free.
 */
template <class Seat, uint32_t kChunkBits>
class SeatTable {
 public:
  SeatTable() = default;
  SeatTable(const SeatTable&) = delete;
  SeatTable& operator=(const SeatTable&) = delete;
  /** What seats own has been given back before. */
  ~SeatTable() {
    for (uint32_t chunk = 0; chunk << kChunkBits < fresh_; chunk++) free(chunks_[chunk]);
  }

  /** `seats` 1 … kIndexMask. False when memory is short. */
  bool Init(uint32_t seats) {
    seats_ = seats;
    chunks_.reset(new (std::nothrow) Seat*[(seats + kChunkMask) >> kChunkBits]());
    return chunks_ != nullptr;
  }

  /** A zeroed seat with a new id, still free; null when all are taken or memory is short. */
  Seat* Take() {
    Seat* seat = free_count_ > kResting ? TakeRested() : nullptr;
    if (seat == nullptr) seat = TakeFresh();
    if (seat == nullptr) seat = TakeRested();
    if (seat == nullptr) return nullptr;
    const uint32_t index = seat->index;
    const uint16_t generation = seat->generation;
    memset(static_cast<void*>(seat), 0, sizeof *seat);
    seat->index = index;
    seat->generation = generation;
    live_++;
    return seat;
  }

  /** Ends the id. The seat rests until Recycle(): events of the batch under way may still name it. */
  void Retire(Seat* seat) {
    seat->Free();
    seat->generation = static_cast<uint16_t>(seat->generation % kGenerationMax + 1);
    seat->NextSeat() = retired_;
    retired_ = seat;
    retired_count_++;
    live_--;
  }

  /** Lets retired seats be taken again; whether there were any. */
  bool Recycle() {
    if (retired_ == nullptr) return false;
    while (retired_ != nullptr) {
      Seat* seat = retired_;
      retired_ = seat->NextSeat();
      seat->NextSeat() = nullptr;
      (free_tail_ != nullptr ? free_tail_->NextSeat() : free_head_) = seat;
      free_tail_ = seat;
    }
    free_count_ += retired_count_;
    retired_count_ = 0;
    return true;
  }

  /** The seat with this id unless it is free; null for ids that are stale or never were. */
  Seat* Find(int32_t id) const {
    const uint32_t bits = static_cast<uint32_t>(id);
    const uint32_t index = bits & kIndexMask;
    if (index >= fresh_) return nullptr;
    Seat* seat = At(index);
    return seat->IsFree() || seat->generation != bits >> kIndexBits ? nullptr : seat;
  }

  /** Seats 0 … Touched()-1 have been in use at some time. */
  Seat* At(uint32_t index) const { return &chunks_[index >> kChunkBits][index & kChunkMask]; }
  uint32_t Touched() const { return fresh_; }
  uint32_t Live() const { return live_; }
  bool Full() const { return live_ + retired_count_ >= seats_; }

 private:
  static constexpr uint32_t kChunkMask = (1u << kChunkBits) - 1;
  /** Seats that rest before one is used again, so that generations wrap as late as the size allows. */
  static constexpr uint32_t kResting = 1024;

  Seat* TakeFresh() {
    if (fresh_ >= seats_) return nullptr;
    Seat*& chunk = chunks_[fresh_ >> kChunkBits];
    if (chunk == nullptr) chunk = static_cast<Seat*>(calloc(size_t{1} << kChunkBits, sizeof(Seat)));
    if (chunk == nullptr) return nullptr;
    Seat* seat = At(fresh_);
    seat->index = fresh_++;
    seat->generation = 1;
    return seat;
  }

  Seat* TakeRested() {
    Seat* seat = free_head_;
    if (seat == nullptr) return nullptr;
    free_head_ = seat->NextSeat();
    if (free_head_ == nullptr) free_tail_ = nullptr;
    free_count_--;
    return seat;
  }

  std::unique_ptr<Seat*[]> chunks_;
  uint32_t seats_ = 0;
  uint32_t fresh_ = 0;
  uint32_t live_ = 0;
  uint32_t retired_count_ = 0;
  uint32_t free_count_ = 0;
  Seat* free_head_ = nullptr;
  Seat* free_tail_ = nullptr;
  Seat* retired_ = nullptr;
};

}  // namespace sluice

#endif  // SLUICE_LOOP_SEAT_TABLE_H_
