// Intrusive doubly linked FIFO of connections: O(1) append and removal from the middle, no allocation.
// A bit in Connection::lists says whether a connection is in the list, so double insertion is harmless.

#ifndef SLUICE_STREAM_TRANSPORT_CONNECTION_LIST_H_
#define SLUICE_STREAM_TRANSPORT_CONNECTION_LIST_H_

#include "connection.h"

namespace sluice {

template <ConnectionLinks Connection::*Links, uint8_t Membership>
class ConnectionList {
 public:
  bool Empty() const { return head_ == nullptr; }
  uint32_t Size() const { return size_; }
  static bool Contains(const Connection* c) { return (c->lists & Membership) != 0; }

  void Append(Connection* c) {
    if (Contains(c)) return;
    c->lists |= Membership;
    (c->*Links).previous = tail_;
    (c->*Links).next = nullptr;
    if (tail_ != nullptr) {
      (tail_->*Links).next = c;
    } else {
      head_ = c;
    }
    tail_ = c;
    size_++;
  }

  void Remove(Connection* c) {
    if (!Contains(c)) return;
    c->lists &= static_cast<uint8_t>(~Membership);
    ConnectionLinks& links = c->*Links;
    if (links.previous != nullptr) {
      (links.previous->*Links).next = links.next;
    } else {
      head_ = links.next;
    }
    if (links.next != nullptr) {
      (links.next->*Links).previous = links.previous;
    } else {
      tail_ = links.previous;
    }
    links.previous = nullptr;
    links.next = nullptr;
    size_--;
  }

  Connection* TakeFirst() {
    Connection* first = head_;
    if (first != nullptr) Remove(first);
    return first;
  }

 private:
  Connection* head_ = nullptr;
  Connection* tail_ = nullptr;
  uint32_t size_ = 0;
};

using ReadyList = ConnectionList<&Connection::ready, kInReady>;
using EventfulList = ConnectionList<&Connection::eventful, kInEventful>;

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_CONNECTION_LIST_H_
