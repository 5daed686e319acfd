// The datagram transport inside a Node environment. See datagram-transport.ts for the contract of every method.

#ifndef SLUICE_DATAGRAM_TRANSPORT_BINDING_H_
#define SLUICE_DATAGRAM_TRANSPORT_BINDING_H_

#include "../loop/loop-binding.h"
#include "transport.h"

namespace sluice {
namespace datagram {

class TransportBinding final : public LoopBinding {
 public:
  TransportBinding(napi_env env, const TransportOptions& options, const TransportRegions& regions)
      : LoopBinding(env, "sluice:datagram-transport"), transport(this, options, regions) {
    Attach(&transport);
  }

  DatagramTransport transport;

 private:
  ~TransportBinding() override = default;
};

}  // namespace datagram
}  // namespace sluice

#endif  // SLUICE_DATAGRAM_TRANSPORT_BINDING_H_
