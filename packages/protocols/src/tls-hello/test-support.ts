// Helpers of the tests of the ClientHello parser: builds hellos field by field, cuts them into records, guards the bytes around
// them, and says what a parser made of them.

import { ClientHello } from './client-hello.ts';
import { parseClientHello } from './client-hello-parser.ts';
import { HelloError } from './hello-error.ts';

export interface HelloParts {
  readonly version?: number;
  readonly sessionId?: Buffer;
  readonly suites?: readonly number[];
  readonly compression?: Buffer;
  /** Type and content; undefined: the hello has no block of extensions at all. */
  readonly extensions?: readonly (readonly [type: number, content: Buffer])[];
}

const ALL_SUITES = [0x1301, 0x1302, 0xc02b, 0xc02f, 0xc009, 0xc013, 0x002f];

export function words(...values: number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

/** Content behind its length in so many bytes. */
export function vector(lengthBytes: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(content.length, 0, lengthBytes);
  return Buffer.concat([length, content]);
}

export function serverNameExtension(name: string | Buffer): readonly [number, Buffer] {
  return [0, vector(2, Buffer.of(0), vector(2, Buffer.from(name as string)))];
}

export function alpnExtension(...names: string[]): readonly [number, Buffer] {
  return [16, vector(2, ...names.map((name) => vector(1, Buffer.from(name))))];
}

export function versionsExtension(...versions: number[]): readonly [number, Buffer] {
  return [43, vector(1, words(...versions))];
}

export function listExtension(type: number, ...values: number[]): readonly [number, Buffer] {
  return [type, vector(2, words(...values))];
}

/** A handshake message, without record headers. */
export function helloMessage(parts: HelloParts = {}): Buffer {
  const { version = 0x0303, sessionId = Buffer.alloc(0), suites = ALL_SUITES, extensions } = parts;
  const blocks = [
    words(version),
    Buffer.alloc(32, 7),
    vector(1, sessionId),
    vector(2, words(...suites)),
    vector(1, parts.compression ?? Buffer.of(0)),
  ];
  if (extensions !== undefined) {
    blocks.push(vector(2, ...extensions.map(([type, content]) => Buffer.concat([words(type), vector(2, content)]))));
  }
  return Buffer.concat([Buffer.of(1), vector(3, ...blocks)]);
}

/** The message in records of at most so many bytes. */
export function inRecords(message: Buffer, recordBytes = 2 ** 14): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += recordBytes) {
    records.push(Buffer.of(0x16, 3, 1), vector(2, message.subarray(at, at + recordBytes)));
  }
  return Buffer.concat(records);
}

export function helloBytes(parts: HelloParts = {}): Buffer {
  return inRecords(helloMessage(parts));
}

/** Places bytes between others that a parser must not look at. */
export function guardedBytes(bytes: Buffer): { bytes: Buffer; start: number; end: number } {
  return {
    bytes: Buffer.concat([Buffer.of(0x16, 3, 1), bytes, Buffer.alloc(40, 0xee)]),
    start: 3,
    end: 3 + bytes.length,
  };
}

export function parse(bytes: Buffer, hello = new ClientHello()): { result: number; hello: ClientHello } {
  const guarded = guardedBytes(bytes);
  return { result: parseClientHello(hello, guarded.bytes, guarded.start, guarded.end), hello };
}

const NAMES = new Map(Object.entries(HelloError).map(([name, code]) => [code as number, name]));

/** `OK`, `NEED_MORE` or the name of the error. */
export function outcome(bytes: Buffer): string {
  const { result } = parse(bytes);
  if (result > 0) return 'OK';
  return result === 0 ? 'NEED_MORE' : (NAMES.get(result) ?? `unknown code ${result}`);
}

/** Everything a hello says, in a form that can be compared. */
export function facts(hello: ClientHello): unknown {
  const { serverName, versions, hasPreSharedKey, hasSessionTicket, hasEarlyData } = hello;
  const keyKinds = [hello.keyKinds(false), hello.keyKinds(true)];
  return {
    serverName,
    alpn: hello.alpnProtocols(),
    versions,
    keyKinds,
    hasPreSharedKey,
    hasSessionTicket,
    hasEarlyData,
  };
}
