// Intrusive doubly linked list, first in first out: O(1) append and removal from the middle, no allocation, double insertion harmless.

#ifndef SLUICE_DATAGRAM_TRANSPORT_LINKED_LIST_H_
#define SLUICE_DATAGRAM_TRANSPORT_LINKED_LIST_H_

namespace sluice {
namespace datagram {

template <class T>
struct Links {
  T* previous;
  T* next;
  bool linked;
};

/** Whoever is in a list through `Member` must be removed from that very list. */
template <class T, Links<T> T::*Member>
class LinkedList {
 public:
  bool Empty() const { return first_ == nullptr; }
  T* First() const { return first_; }

  void Append(T* item) {
    Links<T>& links = item->*Member;
    if (links.linked) return;
    links = {last_, nullptr, true};
    if (last_ != nullptr) {
      (last_->*Member).next = item;
    } else {
      first_ = item;
    }
    last_ = item;
  }

  void Remove(T* item) {
    Links<T>& links = item->*Member;
    if (!links.linked) return;
    if (links.previous != nullptr) {
      (links.previous->*Member).next = links.next;
    } else {
      first_ = links.next;
    }
    if (links.next != nullptr) {
      (links.next->*Member).previous = links.previous;
    } else {
      last_ = links.previous;
    }
    links = {nullptr, nullptr, false};
  }

  T* TakeFirst() {
    T* item = first_;
    if (item != nullptr) Remove(item);
    return item;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
};

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_LINKED_LIST_H_
