// Processor time of the calling thread, to the nanosecond. Node's own reading (getrusage) moves in ticks of the scheduler, a few
// milliseconds, which is longer than what has to be measured with it.

#include <errno.h>
#include <time.h>

#include "addon.h"
#include "napi-helpers.h"

namespace sluice {

namespace {

/** () → microseconds, with fractions. */
napi_value ThreadCpuTime(napi_env env, napi_callback_info) {
  timespec used;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0) return ThrowErrno(env, errno, "clock_gettime");
  napi_value result;
  const double us = static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
  return napi_create_double(env, us, &result) == napi_ok ? result : nullptr;
}

}  // namespace

void InitThreadClock(napi_env env, napi_value exports) { ExportFunction(env, exports, "threadCpuTime", ThreadCpuTime); }

}  // namespace sluice
