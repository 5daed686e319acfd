// Ties one transport to a libuv loop: polls its epoll descriptor, wakes it for deadlines, comes back at once when
// work is left over. Keeps the loop alive only while there are something to wait for.

#ifndef SLUICE_LOOP_LOOP_DRIVER_H_
#define SLUICE_LOOP_LOOP_DRIVER_H_

#include <uv.h>

#include "loop-client.h"

namespace sluice {

class LoopDriver {
 public:
  using ClosedCallback = void (*)(void* data);

  /** 0 or errno. After a failure Stop() must still be called. */
  int Start(uv_loop_t* loop, LoopClient* transport);
  /** Adjusts wake-ups to what the transport waits for; after every call that may have changed it. */
  void Reschedule();
  /** Detaches from the loop at once; `closed(data)` runs later, on the loop, or at once if it never started. */
  void Stop(ClosedCallback closed, void* data);

 private:
  static constexpr uint64_t kNever = ~uint64_t{0};

  static void OnPoll(uv_poll_t* handle, int status, int events);
  static void OnTimer(uv_timer_t* handle);
  static void OnIdle(uv_idle_t* handle);
  static void OnClosed(uv_handle_t* handle);
  void RunTurn();
  void ScheduleTimer();

  LoopClient* transport_ = nullptr;
  uv_poll_t poll_;
  uv_timer_t timer_;
  uv_idle_t idle_;
  uint64_t timer_due_ = kNever;  // on the loop's clock
  int open_handles_ = 0;
  bool poll_open_ = false;
  bool loop_handles_open_ = false;
  bool stopped_ = false;
  ClosedCallback closed_ = nullptr;
  void* closed_data_ = nullptr;
};

}  // namespace sluice

#endif  // SLUICE_LOOP_LOOP_DRIVER_H_
