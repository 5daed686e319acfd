// Incremental reader of HTTP/2 frames (RFC 9113 §4, §6) over byte ranges: checks whatever concerns a frame alone, and tells
// its handler. Knows no streams and no windows; those are rules of the session.
// Allocates only to join a field block that comes in pieces. Any split of the bytes gives the same calls, but for the
// pieces of data.

import { CLIENT_PREFACE } from './client-preface.ts';
import { FieldBlock } from './field-block.ts';
import { tellFixedFrame } from './fixed-frames.ts';
import type { FrameHandler } from './frame-handler.ts';
import { FrameHead, GOAWAY_BYTES_MIN, PRIORITY_BYTES, SETTING_BYTES } from './frame-head.ts';
import { DEFAULT_FRAME_LIMITS, type FrameLimits } from './frame-limits.ts';
import { FRAME_HEAD_BYTES, FrameType } from './frame-type.ts';
import { Http2Fault } from './http2-fault.ts';
import { readUint31, readUint32 } from './wire-words.ts';

/** Every state waits for at least one byte. Those from HEAD on take a unit of fixed size. */
const State = {
  STOPPED: 0,
  PREFACE: 1,
  DATA: 2,
  FRAGMENT: 3,
  SKIP: 4,
  HEAD: 5,
  PAD_LENGTH: 6,
  FIELD_PREFIX: 7,
  SETTING: 8,
  FIXED: 9,
} as const;

export class FrameReader {
  private readonly handler: FrameHandler;
  private readonly limits: FrameLimits;
  private state: number;
  private settingsCame = false;
  /** Of the unit that the state waits for. */
  private unitBytes = FRAME_HEAD_BYTES;
  private keptBytes = 0;
  private readonly kept = new Uint8Array(FRAME_HEAD_BYTES);
  private prefaceBytes = 0;
  // The frame under way.
  private readonly head = new FrameHead();
  /** Of its payload, not taken yet; without padding in the states DATA and FRAGMENT. */
  private left = 0;
  private padding = 0;
  private readonly block: FieldBlock;

  /** `expectPreface`: we are the server, and the client's preface comes first. */
  constructor(handler: FrameHandler, expectPreface: boolean, limits: FrameLimits = DEFAULT_FRAME_LIMITS) {
    this.handler = handler;
    this.limits = limits;
    this.block = new FieldBlock(limits.fieldBlockBytesMax);
    this.state = expectPreface ? State.PREFACE : State.HEAD;
  }

  /** A connection fault, or the handler, has ended it: further bytes are not looked at. */
  get isStopped(): boolean {
    return this.state === State.STOPPED;
  }

  /** The peer owes the rest of a frame or of a field block: time to think of a deadline. */
  get isInsideFrame(): boolean {
    return this.block.streamId !== 0 || this.state !== State.HEAD || this.keptBytes > 0;
  }

  /** To be called by the handler, too: nothing is told after it. */
  stop(): void {
    this.state = State.STOPPED;
    this.block.release();
  }

  /** Takes all of `bytes[start…end)`. Must not be called from inside a call to its handler. */
  read(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      switch (this.state) {
        case State.STOPPED:
          return;
        case State.PREFACE:
          at = this.takePreface(bytes, at, end);
          break;
        case State.DATA:
          at = this.takeData(bytes, at, end);
          break;
        case State.FRAGMENT:
          at = this.takeFragment(bytes, at, end);
          break;
        case State.SKIP:
          at = this.skip(at, end);
          break;
        default:
          at = this.takeUnit(bytes, at, end);
      }
    }
  }

  private takePreface(bytes: Buffer, position: number, end: number): number {
    let at = position;
    while (at < end && this.prefaceBytes < CLIENT_PREFACE.length) {
      if (bytes[at++] !== CLIENT_PREFACE[this.prefaceBytes++]) {
        this.fail(Http2Fault.BAD_PREFACE);
        return end;
      }
    }
    if (this.prefaceBytes === CLIENT_PREFACE.length) this.nextFrame();
    return at;
  }

  private takeData(bytes: Buffer, at: number, end: number): number {
    const to = Math.min(end, at + this.left);
    this.left -= to - at;
    // What comes next is decided first: the handler may stop the reader.
    const over = this.left === 0;
    if (over) this.endPayload();
    this.handler.onDataBytes(this.head.streamId, bytes, at, to);
    if (over && this.state !== State.STOPPED) this.tellDataEnd();
    return to;
  }

  private takeFragment(bytes: Buffer, at: number, end: number): number {
    const to = Math.min(end, at + this.left);
    const whole = to - at === this.left && this.block.length === 0 && this.head.endsHeaders;
    this.left -= to - at;
    if (!whole) this.block.append(bytes, at, to);
    if (this.left === 0) {
      if (whole) this.endFragment(bytes, at, to);
      else this.endFragment(this.block.bytes, 0, this.block.length);
    }
    return to;
  }

  private skip(at: number, end: number): number {
    const to = Math.min(end, at + this.left);
    this.left -= to - at;
    if (this.left === 0) this.nextFrame();
    return to;
  }

  /** Looks at a unit in place when it has come whole, else at a copy. */
  private takeUnit(bytes: Buffer, at: number, end: number): number {
    const { kept, unitBytes } = this;
    if (this.keptBytes === 0 && end - at >= unitBytes) {
      this.useUnit(bytes, at);
      return at + unitBytes;
    }
    const to = Math.min(end, at + unitBytes - this.keptBytes);
    for (let from = at; from < to; from++) kept[this.keptBytes++] = bytes[from];
    if (this.keptBytes === unitBytes) {
      this.keptBytes = 0;
      this.useUnit(kept, 0);
    }
    return to;
  }

  private useUnit(bytes: Uint8Array, at: number): void {
    switch (this.state) {
      case State.HEAD:
        this.beginFrame(bytes, at);
        break;
      case State.PAD_LENGTH:
        this.beginData(bytes[at], 1);
        break;
      case State.FIELD_PREFIX:
        this.beginFragment(bytes, at);
        break;
      case State.SETTING:
        this.useSetting(bytes, at);
        break;
      default:
        this.useFixed(bytes, at);
    }
  }

  private beginFrame(bytes: Uint8Array, at: number): void {
    const { head } = this;
    head.read(bytes, at);
    this.left = head.length;
    this.padding = 0;
    const fault = this.orderFault() || head.fault(this.limits.settingsMax);
    if (fault !== 0) this.fail(fault);
    else this.beginPayload();
  }

  /** Whether a frame of that type and size may come now. */
  private orderFault(): number {
    const { head } = this;
    if (!this.settingsCame) {
      // §3.4: both sides begin with SETTINGS; an acknowledgement is none.
      if (head.type !== FrameType.SETTINGS || head.isAck) return Http2Fault.SETTINGS_NOT_FIRST;
      this.settingsCame = true;
    }
    // §4.2 calls for a stream error where only a stream is concerned; §5.4.1 allows a connection error, which needs no skipping.
    if (head.length > this.limits.frameBytesMax) return Http2Fault.FRAME_TOO_LARGE;
    if (head.type === FrameType.CONTINUATION) {
      if (this.block.streamId === 0) return Http2Fault.CONTINUATION_UNEXPECTED;
      return head.streamId === this.block.streamId ? 0 : Http2Fault.CONTINUATION_EXPECTED;
    }
    return this.block.streamId === 0 ? 0 : Http2Fault.CONTINUATION_EXPECTED;
  }

  private beginPayload(): void {
    const { head, left } = this;
    switch (head.type) {
      case FrameType.DATA:
        this.announceData();
        break;
      case FrameType.HEADERS:
        this.beginHeaders();
        break;
      case FrameType.CONTINUATION:
        if (++this.block.continuations > this.limits.continuationsMax) this.fail(Http2Fault.TOO_MANY_CONTINUATIONS);
        else this.enterFragment();
        break;
      case FrameType.SETTINGS:
        this.beginSettings();
        break;
      case FrameType.PRIORITY:
        if (left === PRIORITY_BYTES) this.awaitUnit(State.FIXED, PRIORITY_BYTES);
        else this.skipFaultyPriority();
        break;
      case FrameType.RST_STREAM:
      case FrameType.PING:
      case FrameType.WINDOW_UPDATE:
        this.awaitUnit(State.FIXED, left);
        break;
      case FrameType.GOAWAY:
        this.awaitUnit(State.FIXED, GOAWAY_BYTES_MIN);
        break;
      default:
        this.endPayload(left);
        this.handler.onUnknownFrame(head.type, left);
    }
  }

  private announceData(): void {
    const padded = this.head.isPadded;
    if (padded) this.awaitUnit(State.PAD_LENGTH, 1);
    this.handler.onDataBegin(this.head.streamId, this.left);
    if (!padded && this.state !== State.STOPPED) this.beginData(0, 0);
  }

  private beginData(padding: number, prefixBytes: number): void {
    this.left -= prefixBytes + padding;
    // §6.1: as long as the payload, its own length byte included, is too long.
    if (this.left < 0) {
      this.fail(Http2Fault.BAD_PADDING);
      return;
    }
    this.padding = padding;
    if (this.left > 0) {
      this.state = State.DATA;
      return;
    }
    this.endPayload();
    this.tellDataEnd();
  }

  /** Padding that is still to come does not matter to anyone. */
  private tellDataEnd(): void {
    const { head } = this;
    this.handler.onDataEnd(head.streamId, head.isPadded ? this.padding + 1 : 0, head.endsStream);
  }

  private beginHeaders(): void {
    const { head } = this;
    this.block.begin(head.streamId, head.endsStream);
    const prefixBytes = head.fieldPrefixBytes;
    if (prefixBytes > 0) this.awaitUnit(State.FIELD_PREFIX, prefixBytes);
    else this.enterFragment();
  }

  private beginFragment(bytes: Uint8Array, position: number): void {
    let at = position;
    this.left -= this.unitBytes;
    if (this.head.isPadded) this.padding = bytes[at++];
    if (at + PRIORITY_BYTES === position + this.unitBytes && readUint31(bytes, at) === this.head.streamId) {
      // RFC 7540 §5.3.1; the block must be decoded all the same.
      this.block.fault = Http2Fault.SELF_DEPENDENCY;
    }
    this.left -= this.padding;
    if (this.left < 0) this.fail(Http2Fault.BAD_PADDING);
    else this.enterFragment();
  }

  private enterFragment(): void {
    const { block } = this;
    // A block that is not decoded leaves the decoder out of step (§4.3): the connection cannot go on without it.
    if (block.length + this.left > this.limits.fieldBlockBytesMax) this.fail(Http2Fault.FIELD_BLOCK_TOO_LARGE);
    else if (this.left > 0) this.state = State.FRAGMENT;
    else this.endFragment(block.bytes, 0, block.length);
  }

  private endFragment(bytes: Buffer, start: number, end: number): void {
    const { block } = this;
    this.endPayload();
    if (!this.head.endsHeaders) return;
    block.streamId = 0;
    this.handler.onHeaders(this.head.streamId, block.endsStream, block.fault, bytes, start, end);
    block.release();
  }

  private beginSettings(): void {
    if (this.left > 0) {
      this.awaitUnit(State.SETTING, SETTING_BYTES);
      return;
    }
    this.nextFrame();
    if (this.head.isAck) this.handler.onSettingsAck();
    else this.handler.onSettingsEnd();
  }

  private useSetting(bytes: Uint8Array, at: number): void {
    this.left -= SETTING_BYTES;
    const last = this.left === 0;
    if (last) this.nextFrame();
    this.handler.onSetting((bytes[at] << 8) | bytes[at + 1], readUint32(bytes, at + 2));
    if (last && this.state !== State.STOPPED) this.handler.onSettingsEnd();
  }

  private useFixed(bytes: Uint8Array, at: number): void {
    this.endPayload(this.left - this.unitBytes);
    const fault = tellFixedFrame(this.handler, this.head, bytes, at);
    if (fault !== 0) this.fail(fault);
  }

  private awaitUnit(state: number, unitBytes: number): void {
    this.state = state;
    this.unitBytes = unitBytes;
  }

  private nextFrame(): void {
    this.awaitUnit(State.HEAD, FRAME_HEAD_BYTES);
  }

  /** Nothing of the payload matters any more but for its length. */
  private endPayload(rest = this.padding): void {
    this.left = rest;
    if (rest > 0) this.state = State.SKIP;
    else this.nextFrame();
  }

  /** §6.3: an error of the stream only. */
  private skipFaultyPriority(): void {
    this.endPayload(this.left);
    this.handler.onFrameFault(Http2Fault.BAD_FRAME_LENGTH, this.head.streamId);
  }

  private fail(fault: number): void {
    this.stop();
    this.handler.onFrameFault(fault, 0);
  }
}
