// The three libuv handles of a transport: poll (readiness), timer (deadlines), idle (left-over work).
// They say when a turn is due, and keep the loop alive only while the transport has something open.

#include "loop-driver.h"

#include <errno.h>

namespace sluice {

int LoopDriver::Start(uv_loop_t* loop, LoopClient* transport) {
  transport_ = transport;
  if (uv_timer_init(loop, &timer_) != 0 || uv_idle_init(loop, &idle_) != 0) return ENOMEM;
  timer_.data = this;
  idle_.data = this;
  loop_handles_open_ = true;
  open_handles_ = 2;
  uv_unref(reinterpret_cast<uv_handle_t*>(&timer_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&idle_));
  int error = uv_poll_init(loop, &poll_, transport_->EpollDescriptor());
  if (error != 0) return -error;
  poll_.data = this;
  poll_open_ = true;
  open_handles_ = 3;
  error = uv_poll_start(&poll_, UV_READABLE, OnPoll);
  uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
  return -error;
}

void LoopDriver::OnPoll(uv_poll_t* handle, int status, int events) {
  (void)status;
  (void)events;
  static_cast<LoopDriver*>(handle->data)->RunTurn();
}

void LoopDriver::OnTimer(uv_timer_t* handle) {
  LoopDriver* driver = static_cast<LoopDriver*>(handle->data);
  driver->timer_due_ = kNever;
  driver->RunTurn();
}

void LoopDriver::OnIdle(uv_idle_t* handle) { static_cast<LoopDriver*>(handle->data)->RunTurn(); }

void LoopDriver::RunTurn() {
  transport_->Turn();
  Reschedule();
}

void LoopDriver::Reschedule() {
  if (stopped_) return;
  uv_handle_t* poll = reinterpret_cast<uv_handle_t*>(&poll_);
  if (transport_->Active()) {
    uv_ref(poll);
  } else {
    uv_unref(poll);
  }
  if (transport_->NeedsTurn()) {
    uv_idle_start(&idle_, OnIdle);
  } else {
    uv_idle_stop(&idle_);
  }
  ScheduleTimer();
}

void LoopDriver::ScheduleTimer() {
  const int64_t delay = transport_->NextDelay();
  if (delay < 0) {
    // A timer left running would wake an idle process for nothing.
    if (timer_due_ != kNever) uv_timer_stop(&timer_);
    timer_due_ = kNever;
    return;
  }
  const uint64_t due = uv_now(timer_.loop) + static_cast<uint64_t>(delay);
  // An earlier wake-up than needed is harmless; moving the timer on every batch is not free.
  if (timer_due_ <= due) return;
  timer_due_ = due;
  uv_timer_start(&timer_, OnTimer, static_cast<uint64_t>(delay), 0);
}

void LoopDriver::Stop(ClosedCallback closed, void* data) {
  if (stopped_) return;
  stopped_ = true;
  closed_ = closed;
  closed_data_ = data;
  if (open_handles_ == 0) {
    closed(data);
    return;
  }
  if (loop_handles_open_) {
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_), OnClosed);
    uv_close(reinterpret_cast<uv_handle_t*>(&idle_), OnClosed);
  }
  if (poll_open_) uv_close(reinterpret_cast<uv_handle_t*>(&poll_), OnClosed);
}

void LoopDriver::OnClosed(uv_handle_t* handle) {
  LoopDriver* driver = static_cast<LoopDriver*>(handle->data);
  if (--driver->open_handles_ == 0) driver->closed_(driver->closed_data_);
}

}  // namespace sluice
