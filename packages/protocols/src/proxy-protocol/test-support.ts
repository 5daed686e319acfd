// Helpers of the tests of PROXY headers: builds headers field by field, guards the bytes around them, says what a parser made
// of them.

import {
  isMapped,
  MAPPED_BYTES,
  readIpv4Text,
  readIpv6Text,
  setMappedPrefix,
  writeIpv4Text,
  writeIpv6Text,
} from './ip-text.ts';
import { ProxyError } from './proxy-error.ts';
import { IP_BYTES, type ProxyAddresses, ProxyHeader } from './proxy-header.ts';
import { PROXY_V2_SIGNATURE, parseProxyHeader } from './proxy-header-parser.ts';

/** 16 bytes. @throws Error when it is no address */
export function ip(text: string): Uint8Array {
  const address = new Uint8Array(IP_BYTES);
  const bytes = Buffer.from(text, 'latin1');
  if (text.includes(':') ? readIpv6Text(address, bytes, 0, bytes.length) : readV4(address, bytes)) return address;
  throw new Error(`${text} is no address`);
}

function readV4(address: Uint8Array, bytes: Buffer): boolean {
  setMappedPrefix(address);
  return readIpv4Text(address, MAPPED_BYTES, bytes, 0, bytes.length);
}

export function ipText(address: Uint8Array): string {
  const text = Buffer.alloc(64);
  const end = isMapped(address) ? writeIpv4Text(text, 0, address, MAPPED_BYTES) : writeIpv6Text(text, 0, address);
  return text.toString('latin1', 0, end);
}

export function addresses(
  source: string,
  sourcePort: number,
  destination: string,
  destinationPort: number,
): ProxyAddresses {
  return { hasAddresses: true, source: ip(source), sourcePort, destination: ip(destination), destinationPort };
}

export interface BinaryParts {
  /** Version and command. Default: 2, PROXY */
  readonly command?: number;
  /** Default: TCP over IPv4 */
  readonly family?: number;
  readonly body?: Buffer;
  /** Default: that of the body */
  readonly bodyBytes?: number;
}

export const INET_BODY: Buffer = Buffer.of(192, 0, 2, 1, 198, 51, 100, 2, 0x1f, 0x90, 0x01, 0xbb);

export function binaryHeader({ command = 0x21, family = 0x11, body = INET_BODY, bodyBytes }: BinaryParts = {}): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bodyBytes ?? body.length);
  return Buffer.concat([PROXY_V2_SIGNATURE, Buffer.of(command, family), length, body]);
}

export function tlv(type: number, value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.of(type, bytes.length >> 8, bytes.length & 0xff), bytes]);
}

/** Parses bytes that stand between others. */
export function parse(bytes: Buffer, header = new ProxyHeader()): { result: number; header: ProxyHeader } {
  const guarded = Buffer.concat([Buffer.from('PRO'), bytes, Buffer.from('\r\n\r\n')]);
  const result = parseProxyHeader(header, guarded, 3, 3 + bytes.length);
  if (header.tlvBytes > 0) header.tlvOffset -= 3;
  return { result, header };
}

const NAMES = new Map(Object.entries(ProxyError).map(([name, code]) => [code as number, name]));

/** `OK`, `NEED_MORE` or the name of the error. */
export function outcome(bytes: Buffer | string): string {
  const { result } = parse(Buffer.from(bytes as string));
  if (result > 0) return 'OK';
  return result === 0 ? 'NEED_MORE' : (NAMES.get(result) ?? `unknown code ${result}`);
}

/** `192.0.2.1 8080 198.51.100.2 443`, or `none`. */
export function ends(header: ProxyHeader): string {
  if (!header.hasAddresses) return 'none';
  const { source, sourcePort, destination, destinationPort } = header;
  return `${ipText(source)} ${sourcePort} ${ipText(destination)} ${destinationPort}`;
}
