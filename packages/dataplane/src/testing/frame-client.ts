// A client of HTTP/2 for tests that deal in frames: sends what it is told, right or wrong, and keeps every frame that comes.
// Acknowledges settings and nothing else; windows are the test's business.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  CLIENT_PREFACE,
  FieldSection,
  FRAME_HEAD_BYTES,
  FrameFlag,
  FrameType,
  HpackDecoder,
  HpackEncoder,
  Indexing,
  writeFrameHead,
  writeSettings,
} from '@sluice/protocols';

/** Only how long a failing test takes: machines may be busy. */
const WAIT_MS = 20_000;
const BLOCK_BYTES_MAX = 4 * 1024 * 1024;

export interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** Of HEADERS: `name: value` in order. */
  readonly fields: readonly string[];
}

export type Fields = readonly (readonly [name: string, value: string])[];

/** Of a plain GET; overwrite by name. */
export function requestFields(more: Readonly<Record<string, string>> = {}): Fields {
  return Object.entries({ ':method': 'GET', ':scheme': 'http', ':authority': 'h', ':path': '/', ...more });
}

export class FrameClient {
  readonly frames: ReceivedFrame[] = [];
  readonly socket: Socket;
  ended = false;
  private received = Buffer.alloc(0);
  private readonly encoder = new HpackEncoder();
  private readonly decoder = new HpackDecoder();
  private readonly section = new FieldSection();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.take(bytes));
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.ended = true;
      });
    }
  }

  /** `settings`: identifier and value in turns. */
  static async open(port: number, settings: readonly number[] = []): Promise<FrameClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    const client = new FrameClient(socket);
    const frame = Buffer.alloc(FRAME_HEAD_BYTES + settings.length * 3);
    writeSettings(frame, 0, settings);
    socket.write(CLIENT_PREFACE);
    socket.write(frame);
    return client;
  }

  close(): void {
    this.socket.destroy();
  }

  frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): this {
    const bytes = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
    writeFrameHead(bytes, 0, payload.length, type, flags, streamId);
    bytes.set(payload, FRAME_HEAD_BYTES);
    this.socket.write(bytes);
    return this;
  }

  /** The fields are literals, so that anything can be said. */
  headers(streamId: number, fields: Fields, endStream = true): this {
    const flags = FrameFlag.END_HEADERS | (endStream ? FrameFlag.END_STREAM : 0);
    return this.frame(FrameType.HEADERS, flags, streamId, literals(fields));
  }

  /** The same through the encoder that the connection has: indexed where that pays. */
  compressed(streamId: number, fields: Fields, endStream = true): this {
    const block = Buffer.alloc(BLOCK_BYTES_MAX);
    this.encoder.begin(block, 0, block.length);
    for (const [name, value] of fields) this.encoder.stringField(name, value, Indexing.ALWAYS);
    const flags = FrameFlag.END_HEADERS | (endStream ? FrameFlag.END_STREAM : 0);
    return this.frame(FrameType.HEADERS, flags, streamId, block.subarray(0, this.encoder.finish()));
  }

  data(streamId: number, text: string | Uint8Array, endStream = false): this {
    return this.frame(FrameType.DATA, endStream ? FrameFlag.END_STREAM : 0, streamId, Buffer.from(text));
  }

  windowUpdate(streamId: number, increment: number): this {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(increment);
    return this.frame(FrameType.WINDOW_UPDATE, 0, streamId, payload);
  }

  reset(streamId: number, errorCode: number): this {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(errorCode);
    return this.frame(FrameType.RST_STREAM, 0, streamId, payload);
  }

  of(streamId: number, type?: number): ReceivedFrame[] {
    return this.frames.filter((frame) => frame.streamId === streamId && (type === undefined || frame.type === type));
  }

  body(streamId: number): string {
    return this.of(streamId, FrameType.DATA)
      .map(({ payload }) => payload.toString('latin1'))
      .join('');
  }

  /** Of the last head; undefined: none came. */
  status(streamId: number): string | undefined {
    const heads = this.of(streamId, FrameType.HEADERS).flatMap(({ fields }) => fields);
    return heads.findLast((field) => field.startsWith(':status: '))?.slice(':status: '.length);
  }

  /** Error code of its RST_STREAM; undefined: none came. */
  resetCode(streamId: number): number | undefined {
    return this.of(streamId, FrameType.RST_STREAM)[0]?.payload.readUInt32BE(0);
  }

  /** Error code of the GOAWAY that came last; undefined: none came. */
  goawayCode(): number | undefined {
    return this.of(0, FrameType.GOAWAY).at(-1)?.payload.readUInt32BE(4);
  }

  /** The stream has its END_STREAM, or was reset. */
  isOver(streamId: number): boolean {
    return this.of(streamId).some(
      ({ type, flags }) =>
        type === FrameType.RST_STREAM || (type <= FrameType.HEADERS && (flags & FrameFlag.END_STREAM) !== 0),
    );
  }

  async untilOver(streamId: number): Promise<void> {
    await this.until(() => this.isOver(streamId), `the end of stream ${streamId}`);
  }

  /** @throws Error saying what had come when it did not in time. */
  async until(condition: (client: FrameClient) => boolean, what: string): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!condition(this)) {
      if (Date.now() > deadline) throw new Error(`${what} did not come; received ${this.describe()}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  private describe(): string {
    const frames = this.frames.slice(-20).map(({ type, flags, streamId, fields, payload }) => {
      return `${type}/${flags} of ${streamId}: ${fields.join(', ') || payload.subarray(0, 60).toString('latin1')}`;
    });
    return `${frames.join('; ')}${this.ended ? '; the end' : ''}`;
  }

  private take(bytes: Buffer): void {
    this.received = Buffer.concat([this.received, bytes]);
    while (this.received.length >= FRAME_HEAD_BYTES) {
      const length = this.received.readUIntBE(0, 3);
      const end = FRAME_HEAD_BYTES + length;
      if (this.received.length < end) return;
      const payload = Buffer.from(this.received.subarray(FRAME_HEAD_BYTES, end));
      const type = this.received[3];
      const flags = this.received[4];
      const fields = type === FrameType.HEADERS ? this.decode(payload) : [];
      this.frames.push({ type, flags, streamId: this.received.readUInt32BE(5), payload, fields });
      this.received = this.received.subarray(end);
      if (type === FrameType.SETTINGS && (flags & FrameFlag.ACK) === 0)
        this.frame(FrameType.SETTINGS, FrameFlag.ACK, 0);
    }
  }

  private decode(block: Buffer): string[] {
    const { section } = this;
    const limits = { listMaxBytes: BLOCK_BYTES_MAX, fieldsMax: 10_000 };
    if (this.decoder.decode(block, 0, block.length, section, limits) < 0) throw new Error('a bad field block came');
    const fields: string[] = [];
    const status = section.pseudoValue(5);
    if (status !== undefined) fields.push(`:status: ${status}`);
    for (let index = 0; index < section.count; index++) {
      const [name, nameLength, value, valueLength] = section.fields.subarray(index * 5, index * 5 + 4);
      const { bytes } = section;
      fields.push(`${bytes.latin1Slice(name, name + nameLength)}: ${bytes.latin1Slice(value, value + valueLength)}`);
    }
    return fields;
  }
}

/** Without the dynamic table, without Huffman coding, without a look at what it says. */
function literals(fields: Fields): Buffer {
  const pieces: Buffer[] = [];
  for (const [name, value] of fields) {
    pieces.push(Buffer.of(0), text(name), text(value));
  }
  return Buffer.concat(pieces);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
