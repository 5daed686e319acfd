// Node-API face of one stream transport: owns the shared buffers' references, the handler and the loop handles.
// See stream-transport.ts for the contract of every method.

#ifndef SLUICE_STREAM_TRANSPORT_BINDING_H_
#define SLUICE_STREAM_TRANSPORT_BINDING_H_

#include <node_api.h>

#include "loop-driver.h"
#include "transport.h"

namespace sluice {

class TransportBinding final : public TransportHost {
 public:
  TransportBinding(napi_env env, const TransportOptions& options, const TransportRegions& regions);

  /** Takes references and starts; 0 or errno. The binding must be given to Shutdown() in any case. */
  int Start(napi_value handler, const napi_value* buffers, size_t buffer_count);
  /** Closes everything; the object deletes itself when the loop has let go and the JavaScript wrapper is gone. */
  void Shutdown();
  void WrapperGone();

  void Deliver(uint32_t count) override;

  StreamTransport transport;
  LoopDriver driver;

 private:
  ~TransportBinding() = default;

  static void OnHandlesClosed(void* data);
  static void OnEnvironmentCleanup(napi_async_cleanup_hook_handle handle, void* data);
  void ReportException();
  void ReleaseReferences();
  void DeleteIfDone();

  static constexpr size_t kBuffers = 5;
  napi_env env_;
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

#endif  // SLUICE_STREAM_TRANSPORT_BINDING_H_
