// Chain of heap pieces behind SendQueue. Pieces are sized by what arrives: small sends share one page, large
// ones are split so that memory goes back while a slow reader drains them.

#include "send-queue.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>

#include "splice-pipe.h"

namespace sluice {

namespace {

constexpr size_t kPieceMin = 4096 - sizeof(QueuePiece);
constexpr size_t kPieceMax = 256 * 1024 - sizeof(QueuePiece);

QueuePiece* NewPiece(size_t wanted) {
  const size_t capacity = std::min(std::max(wanted, kPieceMin), kPieceMax);
  QueuePiece* piece = static_cast<QueuePiece*>(malloc(sizeof(QueuePiece) + capacity));
  if (piece == nullptr) return nullptr;
  piece->next = nullptr;
  piece->begin = 0;
  piece->end = 0;
  piece->capacity = static_cast<uint32_t>(capacity);
  piece->wiped = false;
  piece->pipe = nullptr;
  return piece;
}

void FreePiece(QueuePiece* piece) {
  if (piece->pipe != nullptr) return piece->pipe->GiveBack();
  if (piece->wiped) OPENSSL_cleanse(piece->Bytes(), piece->end);
  free(piece);
}

}  // namespace

bool SendQueue::Append(const uint8_t* data, size_t length, bool wiped) {
  while (length > 0) {
    if (tail == nullptr || tail->end == tail->capacity) {
      QueuePiece* piece = NewPiece(length);
      if (piece == nullptr) return false;
      if (tail != nullptr) {
        tail->next = piece;
      } else {
        head = piece;
      }
      tail = piece;
      capacity += piece->Size();
    }
    const size_t part = std::min<size_t>(length, tail->capacity - tail->end);
    memcpy(tail->Bytes() + tail->end, data, part);
    tail->wiped = tail->wiped || wiped;
    tail->end += static_cast<uint32_t>(part);
    bytes += static_cast<uint32_t>(part);
    data += part;
    length -= part;
  }
  return true;
}

void SendQueue::AppendPipe(SplicePipe* pipe) {
  QueuePiece* piece = pipe->Rest();
  if (tail != nullptr) {
    tail->next = piece;
  } else {
    head = piece;
  }
  tail = piece;
  bytes += piece->end;
  capacity += piece->end;
}

int SendQueue::Gather(iovec* vectors, int count) const {
  int used = 0;
  for (QueuePiece* piece = head; piece != nullptr && piece->pipe == nullptr && used < count; piece = piece->next) {
    vectors[used].iov_base = piece->Bytes() + piece->begin;
    vectors[used].iov_len = piece->end - piece->begin;
    used++;
  }
  return used;
}

void SendQueue::Consume(size_t length) {
  while (length > 0 && head != nullptr) {
    const size_t part = std::min<size_t>(length, head->end - head->begin);
    head->begin += static_cast<uint32_t>(part);
    bytes -= static_cast<uint32_t>(part);
    length -= part;
    if (head->pipe != nullptr) capacity -= static_cast<uint32_t>(part);
    if (head->begin == head->end) {
      QueuePiece* done = head;
      head = done->next;
      if (head == nullptr) tail = nullptr;
      if (done->pipe == nullptr) capacity -= done->Size();
      FreePiece(done);
    }
  }
}

void SendQueue::Clear() {
  while (head != nullptr) {
    QueuePiece* next = head->next;
    FreePiece(head);
    head = next;
  }
  tail = nullptr;
  bytes = 0;
  capacity = 0;
}

}  // namespace sluice
