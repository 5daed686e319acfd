// The stream transport inside a Node environment. See stream-transport.ts for the contract of every method.

#ifndef SLUICE_STREAM_TRANSPORT_BINDING_H_
#define SLUICE_STREAM_TRANSPORT_BINDING_H_

#include "../loop/loop-binding.h"
#include "transport.h"

namespace sluice {

class TransportBinding final : public LoopBinding {
 public:
  TransportBinding(napi_env env, const TransportOptions& options, const TransportRegions& regions)
      : LoopBinding(env, "sluice:stream-transport"), transport(this, options, regions) {
    Attach(&transport);
  }

  StreamTransport transport;

 private:
  ~TransportBinding() override = default;
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_BINDING_H_
