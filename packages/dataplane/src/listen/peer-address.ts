// The peer of an accepted connection: as text for header fields, as 16 bytes for comparisons. Made once per connection; the text is made
// when somebody asks for it. Resolves no names.

import { ClientText } from '@sluice/observability/access-log';
import ipaddr from 'ipaddr.js';

/** Offsets in the transport's peer record (see `PEER_RECORD_BYTES`). */
const Record = { FAMILY: 0, PORT: 2, ADDRESS: 4 } as const;
const FAMILY_V4 = 4;
const FAMILY_V6 = 6;

/** What a trusted peer's PROXY header says beside the client's address. */
export interface ProxiedEnd {
  /** Where the client connected to; 16 bytes, IPv4 mapped. */
  readonly destination: Uint8Array;
  readonly destinationPort: number;
  /** Extensions of version 2 as they were received; may be empty. */
  readonly tlvs: Uint8Array;
}

export class PeerAddress {
  readonly port: number;
  /** IPv4 is mapped (::ffff:a.b.c.d); all zero for Unix sockets. */
  readonly bytes: Uint8Array;
  /** Undefined: the addresses are those of the socket. */
  readonly proxied: ProxiedEnd | undefined;
  private madeText: string | undefined;
  private logText: ClientText | undefined = undefined;

  /** @param text undefined: made of the bytes when it is first asked for, as few connections of TCP do */
  constructor(text: string | undefined, port: number, bytes: Uint8Array, proxied?: ProxiedEnd) {
    this.madeText = text;
    this.port = port;
    this.bytes = bytes;
    this.proxied = proxied;
  }

  /** IPv4 dotted (also for IPv4-mapped peers), IPv6 in RFC 5952 form, empty for Unix sockets. Without port and zone. */
  get text(): string {
    this.madeText ??= addressText(this.bytes);
    return this.madeText;
  }

  /** As the access log names it; made when it is first asked for. */
  get accessText(): ClientText {
    this.logText ??= new ClientText(this.text, this.port);
    return this.logText;
  }

  /** Reads a peer record of the transport. */
  static read(memory: Buffer, offset: number): PeerAddress {
    const family = memory.readUInt16LE(offset + Record.FAMILY);
    const port = memory.readUInt16LE(offset + Record.PORT);
    const at = offset + Record.ADDRESS;
    if (family === FAMILY_V4) return PeerAddress.fromV4(memory, at, port);
    if (family !== FAMILY_V6) return new PeerAddress('', 0, new Uint8Array(16));
    if (isMapped(memory, at)) return PeerAddress.fromV4(memory, at + 12, port);
    const bytes = Uint8Array.prototype.slice.call(memory, at, at + 16);
    return new PeerAddress(undefined, port, bytes);
  }

  /** The client that a trusted peer names. @param address 16 bytes, IPv4 mapped; copied. */
  static proxied(address: Uint8Array, port: number, proxied: ProxiedEnd): PeerAddress {
    const bytes = Uint8Array.from(address);
    return new PeerAddress(undefined, port, bytes, proxied);
  }

  private static fromV4(memory: Buffer, at: number, port: number): PeerAddress {
    const bytes = new Uint8Array(16);
    bytes[10] = 0xff;
    bytes[11] = 0xff;
    for (let i = 0; i < 4; i++) bytes[12 + i] = memory[at + i];
    return new PeerAddress(undefined, port, bytes);
  }
}

/** @param address 16 bytes, IPv4 mapped. */
export function addressText(address: Uint8Array): string {
  if (isMapped(address, 0)) return `${address[12]}.${address[13]}.${address[14]}.${address[15]}`;
  return new ipaddr.IPv6([...address]).toRFC5952String();
}

function isMapped(memory: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (memory[at + i] !== 0) return false;
  return memory[at + 10] === 0xff && memory[at + 11] === 0xff;
}
