// Packets of MySQL's client/server protocol, as far as a health check needs them: greeting, login, errors, one row of one column.
// Reads what a server sent with bounds on everything; writes what a client of protocol 4.1 sends.

import { UndecidedCheck } from '../undecided-check.ts';
import type { CheckSocket } from './check-socket.ts';
import { serverText } from './server-text.ts';

/** Bits of the capabilities that are looked at or set. */
export const Capability = {
  LONG_PASSWORD: 0x1,
  CONNECT_WITH_DB: 0x8,
  PROTOCOL_41: 0x200,
  SSL: 0x800,
  SECURE_CONNECTION: 0x8000,
  PLUGIN_AUTH: 0x80000,
} as const;

/** First bytes of packets. */
export const PacketKind = { OK: 0x00, MORE: 0x01, END: 0xfe, ERROR: 0xff } as const;

const PROTOCOL = 10;
const HEADER_BYTES = 4;
const NONCE_BYTES = 20;
const NONCE_FIRST_BYTES = 8;
/** utf8mb4_general_ci, which every server has. */
const CHARSET = 45;
const MAX_PACKET_BYTES = 0xffffff;
/** ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED. */
const TOO_MANY = new Set([1040, 1203, 1226]);
const NOT_MYSQL = 'the server does not answer as MySQL does';

/** Packets of one exchange are numbered; a login goes on from the greeting's number, TLS in between or not. */
export class MysqlPackets {
  private readonly socket: CheckSocket;
  private sequence = 0;

  constructor(socket: CheckSocket) {
    this.socket = socket;
  }

  /** An error packet is thrown as a sentence. */
  async read(): Promise<Buffer> {
    const head = await this.socket.read(HEADER_BYTES);
    const body = await this.socket.read(head.readUIntLE(0, 3));
    if (head[3] !== this.sequence || body.length === 0) throw new Error(NOT_MYSQL);
    this.sequence = (head[3] + 1) & 0xff;
    if (body[0] === PacketKind.ERROR) throw new (TOO_MANY.has(codeOf(body)) ? UndecidedCheck : Error)(errorText(body));
    return body;
  }

  write(body: Uint8Array): void {
    const head = Buffer.alloc(HEADER_BYTES);
    head.writeUIntLE(body.length, 0, 3);
    head[3] = this.sequence;
    this.sequence = (this.sequence + 1) & 0xff;
    this.socket.write(Buffer.concat([head, body]));
  }

  /** A command begins to count anew. */
  command(code: number, text = ''): void {
    this.sequence = 0;
    this.write(Buffer.concat([Buffer.of(code), Buffer.from(text)]));
  }
}

export interface Greeting {
  readonly version: string;
  readonly capabilities: number;
  /** What passwords are mixed with. */
  readonly nonce: Buffer;
  /** Name of the way of authentication that the server prefers. */
  readonly plugin: string;
}

/** Handshake of protocol version 10. @throws Error when it is none */
export function parseGreeting(body: Buffer): Greeting {
  const versionEnd = body.indexOf(0);
  const behind = versionEnd + 1;
  // Thread, first part of the nonce, a zero, capabilities, charset, status, capabilities, length of the nonce, ten zeros.
  if (body[0] !== PROTOCOL || versionEnd < 2 || body.length < behind + 31) throw new Error(NOT_MYSQL);
  const first = behind + 4;
  const low = first + NONCE_FIRST_BYTES + 1;
  const second = low + 18;
  const capabilities = (body.readUInt16LE(low) | (body.readUInt16LE(low + 5) << 16)) >>> 0;
  if ((capabilities & Capability.PROTOCOL_41) === 0) throw new Error('the server is older than MySQL 4.1');
  const secondBytes = Math.max(13, body[low + 7] - NONCE_FIRST_BYTES);
  const pluginStart = second + secondBytes;
  const nonce = Buffer.concat([
    body.subarray(first, first + NONCE_FIRST_BYTES),
    body.subarray(second, second + NONCE_BYTES - NONCE_FIRST_BYTES),
  ]);
  return { version: body.toString('latin1', 1, versionEnd), capabilities, nonce, plugin: textAt(body, pluginStart) };
}

export interface Login {
  readonly user: string;
  readonly database: string;
  readonly plugin: string;
  readonly proof: Buffer;
}

/** Handshake response of protocol 4.1. */
export function loginPacket({ user, database, plugin, proof }: Login, isSecure: boolean): Buffer {
  const withDatabase = database === '' ? [] : [Buffer.from(`${database}\0`)];
  return Buffer.concat([
    loginHead(isSecure, database !== ''),
    Buffer.from(`${user}\0`),
    Buffer.of(proof.length),
    proof,
    ...withDatabase,
    Buffer.from(`${plugin}\0`),
  ]);
}

/** Asks for TLS: the beginning of a login that comes again behind it. */
export function tlsRequestPacket(database: string): Buffer {
  return loginHead(true, database !== '');
}

function loginHead(isSecure: boolean, withDatabase: boolean): Buffer {
  const { LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, SSL, CONNECT_WITH_DB } = Capability;
  const flags = LONG_PASSWORD | PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH;
  const head = Buffer.alloc(32);
  head.writeUInt32LE(flags | (isSecure ? SSL : 0) | (withDatabase ? CONNECT_WITH_DB : 0));
  head.writeUInt32LE(MAX_PACKET_BYTES, 4);
  head[8] = CHARSET;
  return head;
}

/** A request to authenticate in another way. */
export function parseSwitch(body: Buffer): { plugin: string; nonce: Buffer } {
  const plugin = textAt(body, 1);
  const start = 1 + plugin.length + 1;
  return { plugin, nonce: Buffer.from(body.subarray(start, start + NONCE_BYTES)) };
}

/** The only column of a row of text; undefined when it is empty or longer than a word. */
export function firstColumn(row: Buffer): string | undefined {
  const bytes = row[0];
  return bytes > 0 && bytes < 0xfb && row.length > bytes ? row.toString('latin1', 1, 1 + bytes) : undefined;
}

function textAt(body: Buffer, start: number): string {
  const end = body.indexOf(0, start);
  return body.toString('latin1', start, end === -1 ? body.length : end);
}

/** Number, `#` with five characters of SQLSTATE unless it is about the connection itself, text. */
function errorText(body: Buffer): string {
  const text = body.toString('utf8', body[3] === 0x23 ? 9 : 3);
  return serverText(`the server says ${codeOf(body)} ${text}`);
}

function codeOf(body: Buffer): number {
  return body.length >= 3 ? body.readUInt16LE(1) : 0;
}
