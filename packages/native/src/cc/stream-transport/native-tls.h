// Methods of `NativeStreamTransport` for TLS; see stream-transport.ts for their contracts. Cold calls: once for each connection.

#ifndef SLUICE_STREAM_TRANSPORT_NATIVE_TLS_H_
#define SLUICE_STREAM_TRANSPORT_NATIVE_TLS_H_

#include <node_api.h>

namespace sluice {

napi_value StartTls(napi_env env, napi_callback_info info);
napi_value StartTlsClient(napi_env env, napi_callback_info info);
napi_value PeerCertificates(napi_env env, napi_callback_info info);

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_NATIVE_TLS_H_
