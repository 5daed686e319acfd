// Seats come from zeroed chunks; ended seats rest in a first-in first-out list before reuse.
// A seat that is used again has another generation, so ids of earlier connections find nothing.

#include "connection-table.h"

#include <stdlib.h>
#include <string.h>

#include <new>

namespace sluice {

bool ConnectionTable::Init(uint32_t seats) {
  seats_ = seats;
  const uint32_t chunk_count = (seats + kChunkMask) >> kChunkBits;
  chunks_.reset(new (std::nothrow) Connection*[chunk_count]());
  return chunks_ != nullptr;
}

ConnectionTable::~ConnectionTable() {
  if (chunks_ == nullptr) return;
  for (uint32_t index = 0; index < fresh_; index++) At(index)->queue.Clear();
  const uint32_t chunk_count = (seats_ + kChunkMask) >> kChunkBits;
  for (uint32_t chunk = 0; chunk < chunk_count; chunk++) free(chunks_[chunk]);
}

Connection* ConnectionTable::TakeFresh() {
  if (fresh_ >= seats_) return nullptr;
  const uint32_t chunk = fresh_ >> kChunkBits;
  if (chunks_[chunk] == nullptr) {
    chunks_[chunk] = static_cast<Connection*>(calloc(size_t{1} << kChunkBits, sizeof(Connection)));
    if (chunks_[chunk] == nullptr) return nullptr;
  }
  Connection* c = At(fresh_);
  c->index = fresh_;
  c->generation = 1;
  fresh_++;
  return c;
}

Connection* ConnectionTable::TakeRested() {
  Connection* c = free_head_;
  if (c == nullptr) return nullptr;
  free_head_ = c->eventful.next;
  if (free_head_ == nullptr) free_tail_ = nullptr;
  free_count_--;
  return c;
}

Connection* ConnectionTable::Take() {
  Connection* c = free_count_ > kResting ? TakeRested() : nullptr;
  if (c == nullptr) c = TakeFresh();
  if (c == nullptr) c = TakeRested();
  if (c == nullptr) return nullptr;
  const uint32_t index = c->index;
  const uint16_t generation = c->generation;
  memset(static_cast<void*>(c), 0, sizeof *c);
  c->index = index;
  c->generation = generation;
  c->fd = -1;
  c->timerSlot = kNoTimerSlot;
  c->state = ConnectionState::kConnecting;
  live_++;
  return c;
}

void ConnectionTable::Retire(Connection* c) {
  c->queue.Clear();
  c->state = ConnectionState::kFree;
  c->generation = static_cast<uint16_t>(c->generation % kGenerationMax + 1);
  c->eventful.previous = nullptr;
  c->eventful.next = retired_;
  retired_ = c;
  retired_count_++;
  live_--;
}

bool ConnectionTable::Recycle() {
  if (retired_ == nullptr) return false;
  while (retired_ != nullptr) {
    Connection* c = retired_;
    retired_ = c->eventful.next;
    c->eventful.next = nullptr;
    if (free_tail_ != nullptr) {
      free_tail_->eventful.next = c;
    } else {
      free_head_ = c;
    }
    free_tail_ = c;
    free_count_++;
  }
  retired_count_ = 0;
  return true;
}

Connection* ConnectionTable::Find(int32_t id) const {
  const uint32_t bits = static_cast<uint32_t>(id);
  const uint32_t index = bits & kIndexMask;
  if (index >= fresh_) return nullptr;
  Connection* c = At(index);
  if (c->state == ConnectionState::kFree || c->generation != bits >> kIndexBits) return nullptr;
  return c;
}

}  // namespace sluice
