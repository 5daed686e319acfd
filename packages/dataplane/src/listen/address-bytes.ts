// An IP address from text to 16 bytes, IPv4 mapped. Once per connection at most.

import ipaddr from 'ipaddr.js';

const V4_AT = 12;

/** Undefined for anything but an address; zones are ignored. */
export function addressBytes(text: string): Uint8Array | undefined {
  const address = text.split('%', 1)[0];
  if (!ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.parse(address).toByteArray();
  const bytes = new Uint8Array(16);
  if (parsed.length === 16) bytes.set(parsed);
  else {
    bytes[V4_AT - 2] = 0xff;
    bytes[V4_AT - 1] = 0xff;
    bytes.set(parsed, V4_AT);
  }
  return bytes;
}
