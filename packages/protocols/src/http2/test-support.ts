// Helpers of the HTTP/2 tests: frames written by hand and parsed by hand (not by the code under test), handlers that write
// down what they are told, sessions with their peer's bytes.

import { http2ErrorName } from './error-code.ts';
import type { FrameHandler } from './frame-handler.ts';
import { FrameReader } from './frame-reader.ts';
import { http2FaultName } from './http2-fault.ts';
import { Http2Session } from './http2-session.ts';
import type { SessionHandler } from './session-handler.ts';
import { DEFAULT_SESSION_OPTIONS, Http2Role, type Http2SessionOptions } from './session-options.ts';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** A frame whose head says what it is told, payload in hex with optional spaces. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: string | Buffer = '',
  length = -1,
): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload.replaceAll(' ', ''), 'hex') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(length === -1 ? body.length : length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId >>> 0, 5);
  return Buffer.concat([head, body]);
}

export const word = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
export const data = (id: number, payload: string | Buffer, flags = 0): Buffer => frame(0, flags, id, payload);
/** END_HEADERS set. `82`: GET. */
export const headers = (id: number, flags = 0, block = '82'): Buffer => frame(1, 4 | flags, id, block);
export const priority = (id: number, dependency: number): Buffer => frame(2, 0, id, `${word(dependency)}0f`);
export const rst = (id: number, code = 8): Buffer => frame(3, 0, id, word(code));
export const settings = (...pairs: [id: number, value: number][]): Buffer =>
  frame(4, 0, 0, pairs.map(([id, value]) => id.toString(16).padStart(4, '0') + word(value)).join(''));
export const settingsAck = (): Buffer => frame(4, 1, 0);
export const ping = (flags = 0, payload = '0102030405060708'): Buffer => frame(6, flags, 0, payload);
export const goaway = (last: number, code = 0): Buffer => frame(7, 0, 0, word(last) + word(code));
export const windowUpdate = (id: number, increment: number): Buffer => frame(8, 0, id, word(increment));
export const continuation = (id: number, flags = 0, block = '84'): Buffer => frame(9, flags, id, block);
export const zeros = (length: number): Buffer => Buffer.alloc(length);
export const END_STREAM = 1;

/** Frames, what is answered to them, and the last the user of the session is told, if that matters. */
export type RuleCase = [section: string, what: string, frames: Buffer[], answer: string, told?: string];
/** The answer to `ping()`: behind other frames it shows that the connection goes on. */
export const PONG = 'ping-ack 0102030405060708';
export const end = (code: string, last = 1): string => `goaway ${last} ${code}`;

/** One word a frame: the way the peer would see what a session sent. @throws Error for half a frame. */
export function describeFrames(bytes: Buffer): string[] {
  const found: string[] = [];
  let at = bytes.subarray(0, PREFACE.length).equals(PREFACE) ? PREFACE.length : 0;
  if (at > 0) found.push('preface');
  while (at < bytes.length) {
    const length = bytes.readUIntBE(at, 3);
    const end = at + 9 + length;
    if (end > bytes.length) throw new Error(`half a frame at ${at}`);
    found.push(describeFrame(bytes[at + 3], bytes[at + 4], bytes.readUInt32BE(at + 5), bytes.subarray(at + 9, end)));
    at = end;
  }
  return found;
}

function describeFrame(type: number, flags: number, id: number, payload: Buffer): string {
  switch (type) {
    case 3:
      return `rst ${id} ${http2ErrorName(payload.readUInt32BE(0))}`;
    case 4:
      return (flags & 1) === 0 ? `settings ${payload.toString('hex')}` : 'settings-ack';
    case 6:
      return `ping${(flags & 1) === 0 ? '' : '-ack'} ${payload.toString('hex')}`;
    case 7:
      return `goaway ${payload.readUInt32BE(0)} ${http2ErrorName(payload.readUInt32BE(4))}`;
    case 8:
      return `window ${id} ${payload.readUInt32BE(0)}`;
    default:
      return `frame ${type} ${flags} ${id} ${payload.length}`;
  }
}

/** Writes down every call; pieces of data that touch become one, so that splits do not show. */
export class FrameLog implements FrameHandler {
  readonly events: string[] = [];
  private piece: string[] = [];

  private note(text: string): void {
    this.flush();
    this.events.push(text);
  }

  private flush(): void {
    if (this.piece.length > 0) this.events.push(`bytes ${this.piece.join('')}`);
    this.piece = [];
  }

  onDataBegin(id: number, payloadBytes: number): void {
    this.note(`data ${id} ${payloadBytes}`);
  }
  onDataBytes(_id: number, bytes: Buffer, start: number, end: number): void {
    if (start >= end) this.note('EMPTY PIECE');
    this.piece.push(bytes.toString('hex', start, end));
  }
  onDataEnd(id: number, paddingBytes: number, endStream: boolean): void {
    this.note(`data-end ${id} ${paddingBytes} ${endStream}`);
  }
  onHeaders(id: number, endStream: boolean, fault: number, bytes: Buffer, start: number, end: number): void {
    const name = fault === 0 ? 'fine' : http2FaultName(fault);
    this.note(`headers ${id} ${endStream} ${name} ${bytes.toString('hex', start, end)}`);
  }
  onPriority(id: number, dependency: number, weight: number, exclusive: boolean): void {
    this.note(`priority ${id} ${dependency} ${weight} ${exclusive}`);
  }
  onReset(id: number, code: number): void {
    this.note(`reset ${id} ${code}`);
  }
  onSetting(id: number, value: number): void {
    this.note(`setting ${id} ${value}`);
  }
  onSettingsEnd(): void {
    this.note('settings-end');
  }
  onSettingsAck(): void {
    this.note('settings-ack');
  }
  onPing(high: number, low: number): void {
    this.note(`ping ${high} ${low}`);
  }
  onPingAck(high: number, low: number): void {
    this.note(`ping-ack ${high} ${low}`);
  }
  onGoaway(last: number, code: number, debugBytes: number): void {
    this.note(`goaway ${last} ${code} ${debugBytes}`);
  }
  onWindowUpdate(id: number, increment: number): void {
    this.note(`window ${id} ${increment}`);
  }
  onUnknownFrame(type: number, payloadBytes: number): void {
    this.note(`unknown ${type} ${payloadBytes}`);
  }
  onFrameFault(fault: number, id: number): void {
    this.note(`fault ${http2FaultName(fault)} ${id}`);
  }
}

/** Calls `use` with ranges that end at `cuts`, each in a buffer of its own that is overwritten afterwards. */
export function inPieces(
  bytes: Buffer,
  cuts: readonly number[],
  use: (b: Buffer, start: number, end: number) => void,
): void {
  const ends = [...new Set(cuts)].filter((cut) => cut > 0 && cut < bytes.length).sort((a, b) => a - b);
  let from = 0;
  for (const to of [...ends, bytes.length]) {
    const piece = Buffer.alloc(to - from + 8, 0xee);
    bytes.copy(piece, 4, from, to);
    use(piece, 4, 4 + to - from);
    piece.fill(0xdd);
    from = to;
  }
}

export const everyByte = (bytes: Buffer): number[] => Array.from({ length: bytes.length }, (_, index) => index);

/** What a reader tells about bytes that a client (or server) sends. */
export function framesOf(bytes: Buffer, cuts: readonly number[], make: (log: FrameLog) => FrameReader): string[] {
  const log = new FrameLog();
  const reader = make(log);
  inPieces(bytes, cuts, (piece, start, end) => reader.read(piece, start, end));
  return log.events;
}

/** Writes down what a session tells; `on` may act upon it. */
export class SessionLog implements SessionHandler {
  readonly events: string[] = [];
  on: (event: string, slot: number) => void = () => {};

  private note(text: string, slot = -1): void {
    this.events.push(text);
    this.on(text.split(' ')[0], slot);
  }

  onStreamHeaders(
    slot: number,
    trailers: boolean,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const kind = trailers ? 'trailers' : 'head';
    this.note(`${kind} ${slot}${endStream ? ' end' : ''} ${bytes.toString('hex', start, end)}`, slot);
  }
  onDiscardedHeaders(bytes: Buffer, start: number, end: number): void {
    this.note(`discarded ${bytes.toString('hex', start, end)}`);
  }
  onStreamData(slot: number, _bytes: Buffer, start: number, end: number): void {
    this.note(`data ${slot} ${end - start}`, slot);
  }
  onStreamEnd(slot: number): void {
    this.note(`end ${slot}`, slot);
  }
  onStreamReset(slot: number, code: number): void {
    this.note(`reset ${slot} ${http2ErrorName(code)}`, slot);
  }
  onStreamFault(slot: number, fault: number): void {
    this.note(`fault ${slot} ${http2FaultName(fault)}`, slot);
  }
  onStreamClosed(slot: number): void {
    this.note(`closed ${slot}`, slot);
  }
  onStreamWritable(slot: number): void {
    this.note(`writable ${slot}`, slot);
  }
  onPeerSettings(): void {
    this.note('settings');
  }
  onSettingsAcknowledged(): void {
    this.note('acknowledged');
  }
  onPingAck(high: number, low: number): void {
    this.note(`pong ${high} ${low}`);
  }
  onGoaway(last: number, code: number): void {
    this.note(`goaway ${last} ${http2ErrorName(code)}`);
  }
  onConnectionFault(fault: number): void {
    this.note(`over ${http2FaultName(fault)}`);
  }
}

/** A session whose peer's bytes are written by hand. */
export class Talk {
  readonly log = new SessionLog();
  readonly session: Http2Session;
  now = 1000;
  unsentBytes = 0;

  /** Past the prefaces of both sides, unless `greeted` is false. */
  constructor(options: Partial<Http2SessionOptions> = {}, greeted = true) {
    this.session = new Http2Session(this.log, this.now, { ...DEFAULT_SESSION_OPTIONS, ...options });
    if (!greeted) return;
    this.sent();
    if (options.role !== Http2Role.CLIENT) this.hear(PREFACE);
    this.hear(settings(), settingsAck());
    this.sent();
    this.log.events.length = 0;
  }

  hear(...frames: Buffer[]): this {
    const bytes = Buffer.concat(frames);
    this.session.receive(bytes, 0, bytes.length, this.now, this.unsentBytes);
    return this;
  }

  hearInPieces(bytes: Buffer, cuts: readonly number[]): void {
    inPieces(bytes, cuts, (piece, start, end) => {
      this.session.receive(piece, start, end, this.now, this.unsentBytes);
    });
  }

  /** What the session has sent since the last time. */
  sent(): string[] {
    const { output } = this.session;
    const frames = describeFrames(output.bytes.subarray(0, output.length));
    output.clear();
    return frames;
  }

  /** What the session has told since the last time. */
  told(): string[] {
    return this.log.events.splice(0);
  }

  /** Client: opens a stream and sends its head. */
  request(endStream = true): number {
    const slot = this.session.openStream();
    this.session.sentHeaders(slot, endStream);
    return slot;
  }
}

/** `reader` for bytes of a client, or of a server. */
export function clientBytesReader(log: FrameLog): FrameReader {
  return new FrameReader(log, true);
}

export function serverBytesReader(log: FrameLog): FrameReader {
  return new FrameReader(log, false);
}
