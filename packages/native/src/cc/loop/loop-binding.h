// Ties a transport to a Node environment: owns the references to shared buffers and to the handler, and the loop handles, and makes
// the one call into JavaScript per batch. What the transport does is not its business.

#ifndef SLUICE_LOOP_LOOP_BINDING_H_
#define SLUICE_LOOP_LOOP_BINDING_H_

#include <node_api.h>

#include "loop-client.h"
#include "loop-driver.h"

namespace sluice {

class LoopBinding : public BatchHost {
 public:
  LoopBinding(const LoopBinding&) = delete;
  LoopBinding& operator=(const LoopBinding&) = delete;

  /**
   * Takes references, also to the wrapper, which is not collected before Shutdown(), and starts; 0 or errno. The binding must be given
   * to Shutdown() in any case.
   */
  int Start(napi_value wrapper, napi_value handler, const napi_value* buffers, size_t buffer_count);
  /** Closes everything; the object deletes itself when the loop has let go and the JavaScript wrapper is gone. */
  void Shutdown();
  void WrapperGone();
  bool Destroyed() const { return client_->Destroyed(); }

  void Deliver(uint32_t count) override;

  LoopDriver driver;

 protected:
  /** `name` (static) is what asynchronous hooks show. */
  LoopBinding(napi_env env, const char* name) : env_(env), name_(name) {}
  virtual ~LoopBinding() = default;
  /** `client`, a member of the derived class, once it is constructed and before Start(). */
  void Attach(LoopClient* client) { client_ = client; }

 private:
  static void OnHandlesClosed(void* data);
  static void OnEnvironmentCleanup(napi_async_cleanup_hook_handle handle, void* data);
  void ReportException();
  void ReleaseReferences();
  void DeleteIfDone();

  static constexpr size_t kBuffers = 5;
  napi_env env_;
  const char* name_;
  LoopClient* client_ = nullptr;
  napi_ref wrapper_ = nullptr;
  napi_ref handler_ = nullptr;
  napi_ref buffers_[kBuffers] = {};
  napi_async_context context_ = nullptr;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  bool delivering_ = false;
  bool shut_down_ = false;
  bool handles_closed_ = false;
  bool wrapper_gone_ = false;
};

}  // namespace sluice

#endif  // SLUICE_LOOP_LOOP_BINDING_H_
