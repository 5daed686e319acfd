// What the parts of the JavaScript class `NativeStreamTransport` share: whose method it is that was called.

#ifndef SLUICE_STREAM_TRANSPORT_NATIVE_CALL_H_
#define SLUICE_STREAM_TRANSPORT_NATIVE_CALL_H_

#include "../loop/native-class.h"
#include "transport.h"

namespace sluice {

struct StreamClass {
  using Transport = StreamTransport;
  static constexpr NativeIdentity kIdentity = {
      "stream transport", "sluice:stream-transport", {0x5b0f7c9d6a3e4412, 0x9f21c07e88d3b6a5}};
};

using Call = NativeCall<StreamClass>;

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_NATIVE_CALL_H_
