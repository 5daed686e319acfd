// Numbers that both transports share with JavaScript: the shape of event records and of ids. Mirrored in stream-transport-records.ts
// and datagram-transport-records.ts: all three change together.

#ifndef SLUICE_LOOP_RECORDS_H_
#define SLUICE_LOOP_RECORDS_H_

#include <stddef.h>
#include <stdint.h>

namespace sluice {

constexpr uint32_t kRecordWords = 6;
constexpr size_t kRecordBytes = kRecordWords * sizeof(int32_t);
constexpr uint32_t kIndexBits = 20;
constexpr uint32_t kIndexMask = (1u << kIndexBits) - 1;
/** Generations run 1 … 2047, so an id is never 0 and always a positive int32. */
constexpr uint32_t kGenerationMax = 2047;
constexpr uint32_t kPeerRecordBytes = 40;

inline int32_t MakeId(uint32_t index, uint16_t generation) {
  return static_cast<int32_t>(uint32_t{generation} << kIndexBits | index);
}

/** The event ring as a batch fills it. Whoever emits has looked whether there is room. */
class EventRing {
 public:
  EventRing(int32_t* records, uint32_t size) : records_(records), size_(size) {}

  uint32_t Count() const { return count_; }
  bool Full() const { return count_ == size_; }
  void Clear() { count_ = 0; }

  void Emit(int32_t kind, int32_t id, int32_t a, int32_t b, int32_t c, int32_t d = 0) {
    int32_t* record = records_ + size_t{count_++} * kRecordWords;
    record[0] = kind;
    record[1] = id;
    record[2] = a;
    record[3] = b;
    record[4] = c;
    record[5] = d;
  }

 private:
  int32_t* records_;
  uint32_t size_;
  uint32_t count_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_LOOP_RECORDS_H_
