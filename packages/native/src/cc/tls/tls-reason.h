// What went wrong, as a kind for programs and a sentence for people, taken from OpenSSL's error queue.
// Never holds anything of a key or of what was transferred.

#ifndef SLUICE_TLS_TLS_REASON_H_
#define SLUICE_TLS_TLS_REASON_H_

#include <stddef.h>
#include <stdint.h>

namespace sluice {

/** Numbers shared with stream-transport-records.ts (TlsFailure). */
enum class TlsFailure : uint8_t {
  kNone = 0,
  kHandshake = 1,
  kProtocol = 2,
  kTruncated = 3,
  kVerification = 4,
};

constexpr size_t kReasonBytes = 160;

/** Writes the oldest entry of OpenSSL's error queue, or `otherwise` when there is none, and empties the queue. */
void TakeReason(char* out, size_t capacity, const char* otherwise);

}  // namespace sluice

#endif  // SLUICE_TLS_TLS_REASON_H_
