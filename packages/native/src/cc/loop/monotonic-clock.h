// The clock of both transports: read once for each batch.

#ifndef SLUICE_LOOP_MONOTONIC_CLOCK_H_
#define SLUICE_LOOP_MONOTONIC_CLOCK_H_

#include <stdint.h>
#include <time.h>

namespace sluice {

struct Moment {
  uint64_t ms;     // cut to whole milliseconds
  double exactMs;  // for JavaScript
};

inline Moment ReadClock() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const uint64_t seconds = static_cast<uint64_t>(now.tv_sec), nanoseconds = static_cast<uint64_t>(now.tv_nsec);
  return {seconds * 1000 + nanoseconds / 1000000, static_cast<double>(seconds) * 1e3 + static_cast<double>(nanoseconds) / 1e6};
}

}  // namespace sluice

#endif  // SLUICE_LOOP_MONOTONIC_CLOCK_H_
