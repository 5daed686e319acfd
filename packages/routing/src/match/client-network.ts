// Addresses and address ranges of ClientIP matchers in the one form used for comparing: 16 bytes, IPv4 mapped.

import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface ClientNetwork {
  /** 16 bytes; IPv4 as ::ffff:a.b.c.d. */
  readonly address: Uint8Array;
  /** Leading bits that must be equal, 0–128. */
  readonly bits: number;
}

/** Reads `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`; undefined when it is neither an address nor a range. */
export function parseClientNetwork(text: string): ClientNetwork | undefined {
  const slash = text.indexOf('/');
  const addressText = slash === -1 ? text : text.slice(0, slash);
  const version = isIP(addressText);
  if (version === 0 || addressText.includes('%')) return undefined;
  const address = toMappedBytes(addressText);
  if (slash === -1) return { address, bits: 128 };
  const bitsText = text.slice(slash + 1);
  const bitsMax = version === 4 ? 32 : 128;
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(bitsText) || Number(bitsText) > bitsMax) return undefined;
  return { address, bits: Number(bitsText) + (128 - bitsMax) };
}

/** An IP literal (zone ignored) as 16 bytes, for RequestView.clientAddress. @throws Error when it is no IP literal. */
export function toMappedBytes(address: string): Uint8Array {
  const parsed = ipaddr.parse(withoutDottedTail(address.replace(/%.*$/s, '')));
  const v6 = parsed instanceof ipaddr.IPv4 ? parsed.toIPv4MappedAddress() : parsed;
  return Uint8Array.from(v6.toByteArray());
}

/** `::a.b.c.d` in hexadecimal groups: ipaddr.js would read it as the mapped `::ffff:a.b.c.d`, another address. */
function withoutDottedTail(address: string): string {
  const tail = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (tail === null) return address;
  const [a, b, c, d] = tail.slice(2).map(Number) as [number, number, number, number];
  return `${tail[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

export function networkContains(network: ClientNetwork, address: Uint8Array): boolean {
  if (address.length !== 16) return false;
  const wholeBytes = network.bits >> 3;
  for (let i = 0; i < wholeBytes; i++) if (address[i] !== network.address[i]) return false;
  const rest = network.bits & 7;
  if (rest === 0) return true;
  return ((address[wholeBytes]! ^ network.address[wholeBytes]!) & (0xff << (8 - rest)) & 0xff) === 0;
}
