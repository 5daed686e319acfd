// Lifetime of a transport inside a Node environment, and the one call into JavaScript per batch.
// Arguments have been checked before, by the class that JavaScript sees.

#include "loop-binding.h"

#include <errno.h>

namespace sluice {

int LoopBinding::Start(napi_value wrapper, napi_value handler, const napi_value* buffers, size_t buffer_count) {
  for (size_t i = 0; i < buffer_count && i < kBuffers; i++) {
    if (napi_create_reference(env_, buffers[i], 1, &buffers_[i]) != napi_ok) return ENOMEM;
  }
  napi_value name;
  uv_loop_t* loop = nullptr;
  if (napi_create_reference(env_, wrapper, 1, &wrapper_) != napi_ok ||
      napi_create_reference(env_, handler, 1, &handler_) != napi_ok ||
      napi_create_string_utf8(env_, name_, NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_async_init(env_, nullptr, name, &context_) != napi_ok ||
      napi_add_async_cleanup_hook(env_, OnEnvironmentCleanup, this, &cleanup_) != napi_ok ||
      napi_get_uv_event_loop(env_, &loop) != napi_ok) {
    return ENOMEM;
  }
  const int error = client_->Open();
  return error != 0 ? error : driver.Start(loop, client_);
}

void LoopBinding::Shutdown() {
  if (shut_down_) return;
  shut_down_ = true;
  // Before the epoll descriptor closes, libuv must have stopped polling it. OnHandlesClosed may run within Stop().
  driver.Stop([](void* data) { OnHandlesClosed(data); }, this);
  client_->Destroy();
  // Within the handler Node still uses what it was called with.
  if (!delivering_) ReleaseReferences();
  DeleteIfDone();
}

void LoopBinding::ReleaseReferences() {
  if (wrapper_ != nullptr) napi_delete_reference(env_, wrapper_);
  wrapper_ = nullptr;
  if (handler_ != nullptr) napi_delete_reference(env_, handler_);
  handler_ = nullptr;
  for (napi_ref& buffer : buffers_) {
    if (buffer != nullptr) napi_delete_reference(env_, buffer);
    buffer = nullptr;
  }
  if (context_ != nullptr) napi_async_destroy(env_, context_);
  context_ = nullptr;
}

void LoopBinding::OnHandlesClosed(void* data) {
  LoopBinding* self = static_cast<LoopBinding*>(data);
  self->handles_closed_ = true;
  if (self->cleanup_ != nullptr) napi_remove_async_cleanup_hook(self->cleanup_);
  self->cleanup_ = nullptr;
  // Within Shutdown() the transport is still to be destroyed.
  if (self->client_->Destroyed()) self->DeleteIfDone();
}

void LoopBinding::OnEnvironmentCleanup(napi_async_cleanup_hook_handle handle, void* data) {
  (void)handle;
  static_cast<LoopBinding*>(data)->Shutdown();
}

void LoopBinding::WrapperGone() {
  wrapper_gone_ = true;
  if (shut_down_) {
    DeleteIfDone();
  } else {
    Shutdown();
  }
}

void LoopBinding::DeleteIfDone() {
  if (handles_closed_ && wrapper_gone_ && shut_down_) delete this;
}

void LoopBinding::Deliver(uint32_t count) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return;
  delivering_ = true;
  napi_value handler, receiver, argument, result;
  if (napi_get_reference_value(env_, handler_, &handler) == napi_ok && handler != nullptr &&
      napi_get_global(env_, &receiver) == napi_ok && napi_create_uint32(env_, count, &argument) == napi_ok) {
    if (napi_make_callback(env_, context_, receiver, handler, 1, &argument, &result) != napi_ok) ReportException();
  }
  delivering_ = false;
  if (shut_down_) ReleaseReferences();
  napi_close_handle_scope(env_, scope);
}

/** As for any callback of Node: 'uncaughtException', and the end of the process if nobody listens. */
void LoopBinding::ReportException() {
  bool pending = false;
  napi_value exception;
  if (napi_is_exception_pending(env_, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env_, &exception) == napi_ok) napi_fatal_exception(env_, exception);
}

}  // namespace sluice
