// A singly linked list of heap pieces: it is empty for nearly every flow at nearly every time, so it takes three words then.

#include "datagram-queue.h"

#include <stdlib.h>
#include <string.h>

namespace sluice {
namespace datagram {

bool DatagramQueue::Append(int32_t flow, const uint8_t* bytes, uint32_t length, uint32_t segment) {
  QueuedDatagram* added = static_cast<QueuedDatagram*>(malloc(sizeof(QueuedDatagram) + length));
  if (added == nullptr) return false;
  *added = {nullptr, flow, length, segment};
  if (length > 0) memcpy(added->Bytes(), bytes, length);
  if (last_ != nullptr) {
    last_->next = added;
  } else {
    first_ = added;
  }
  last_ = added;
  bytes_ += added->Memory();
  return true;
}

void DatagramQueue::TakeAll(DatagramQueue* other) {
  if (other->Empty()) return;
  (last_ != nullptr ? last_->next : first_) = other->first_;
  last_ = other->last_;
  bytes_ += other->bytes_;
  *other = {};
}

void DatagramQueue::DropFirst() {
  QueuedDatagram* dropped = first_;
  first_ = dropped->next;
  if (first_ == nullptr) last_ = nullptr;
  bytes_ -= dropped->Memory();
  free(dropped);
}

void DatagramQueue::Clear() {
  while (first_ != nullptr) DropFirst();
}

}  // namespace datagram
}  // namespace sluice
