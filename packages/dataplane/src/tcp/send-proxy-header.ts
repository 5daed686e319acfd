// Tells a server whom it serves: the PROXY header in front of everything else on a connection to it (tcp-udp.md section 8.3). Addresses
// are those of the client's connection, or what a PROXY header of a trusted peer has said of it, with that header's extensions.

import { PROXY_HEADER_BYTES_MAX, PROXY_V1_BYTES_MAX, writeProxyV1, writeProxyV2 } from '@sluice/protocols';
import { addressBytes } from '../listen/address-bytes.ts';
import type { PeerAddress } from '../listen/peer-address.ts';
import type { WorkerContext } from '../worker/worker-context.ts';

const NO_ADDRESS = new Uint8Array(16);

/** @param client, upstream ids. The client may be gone: then its own end is unknown. */
export function sendProxyHeader(
  { transport }: WorkerContext,
  client: number,
  peer: PeerAddress,
  upstream: number,
  version: number,
): void {
  const { proxied } = peer;
  const local = proxied ?? localEnd(transport.localAddress(client));
  const addresses = {
    hasAddresses: peer.text !== '' && local !== undefined,
    source: peer.bytes,
    sourcePort: peer.port,
    destination: local?.destination ?? NO_ADDRESS,
    destinationPort: local?.destinationPort ?? 0,
  };
  const at = transport.reserve(version === 1 ? PROXY_V1_BYTES_MAX : PROXY_HEADER_BYTES_MAX);
  const { memory } = transport;
  const tlvs = proxied?.tlvs;
  const end =
    version === 1
      ? writeProxyV1(memory, at, addresses)
      : writeProxyV2(memory, at, addresses, tlvs, 0, tlvs === undefined ? 0 : tlvs.length);
  transport.send(upstream, at, end - at);
}

function localEnd(local: { readonly address: string; readonly port: number } | undefined) {
  if (local === undefined || local.address === '') return undefined;
  const destination = addressBytes(local.address);
  return destination && { destination, destinationPort: local.port };
}
