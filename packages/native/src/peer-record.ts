// Reads the peer record of an ACCEPTED event into an object. Once per connection; allocates the object and its text.

export interface PeerRecord {
  /** 4, 6, or 1 for Unix sockets. */
  readonly family: number;
  /** Dotted quad, or RFC 5952 text without scope; empty for Unix sockets. */
  readonly address: string;
  readonly port: number;
  /** Interface index of a link-local IPv6 address, else 0. */
  readonly scope: number;
  readonly localPort: number;
  /** Another process has accepted the connection and given it to us. */
  readonly handedOver: boolean;
}

/** Position of the sender's tag in a record. */
const HANDED_OVER = 26;

/** `offset`: the `b` word of an ACCEPTED event. Valid only during its batch. */
export function readPeerRecord(memory: Buffer, offset: number): PeerRecord {
  const family = memory.readUInt16LE(offset);
  return {
    family,
    address: family === 4 ? ipv4Text(memory, offset + 4) : family === 6 ? ipv6Text(memory, offset + 4) : '',
    port: memory.readUInt16LE(offset + 2),
    scope: memory.readUInt32LE(offset + 20),
    localPort: memory.readUInt16LE(offset + 24),
    handedOver: wasHandedOver(memory, offset),
  };
}

/** Has another process accepted the connection of this peer record and given it to us? */
export function wasHandedOver(memory: Buffer, offset: number): boolean {
  return memory.readUInt16LE(offset + HANDED_OVER) !== 0;
}

function ipv4Text(memory: Buffer, at: number): string {
  return `${memory[at]}.${memory[at + 1]}.${memory[at + 2]}.${memory[at + 3]}`;
}

/** RFC 5952 §4: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function ipv6Text(memory: Buffer, at: number): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && memory.readUInt16BE(at + 2 * (start + length)) === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  let text = '';
  for (let group = 0; group < 8; group++) {
    if (group === bestStart) {
      text += '::';
      group += bestLength - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    text += memory.readUInt16BE(at + 2 * group).toString(16);
  }
  return text;
}
