// The frames a session wants sent, in order, until its caller takes them. Grows with what is asked of it, which the session
// bounds; gives a large buffer back when emptied, so that an idle connection holds little.

import { CLIENT_PREFACE } from './client-preface.ts';
import {
  GOAWAY_BYTES,
  PING_BYTES,
  RST_STREAM_BYTES,
  SETTINGS_ACK_BYTES,
  WINDOW_UPDATE_BYTES,
  writeGoaway,
  writePing,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from './frame-writer.ts';

const NO_BYTES = Buffer.alloc(0);
const SIZE_MIN = 128;
const KEPT_BYTES_MAX = 1024;

export class ControlOutput {
  /** Whole frames from 0 to `length`. */
  bytes: Buffer = NO_BYTES;
  length = 0;

  /** To be called when the bytes have been copied or sent. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = NO_BYTES;
  }

  clientPreface(): void {
    this.reserve(CLIENT_PREFACE.length);
    this.length += CLIENT_PREFACE.copy(this.bytes, this.length);
  }

  settings(settings: readonly number[]): void {
    this.reserve(SETTINGS_ACK_BYTES + settings.length * 3);
    this.length = writeSettings(this.bytes, this.length, settings);
  }

  settingsAck(): void {
    this.reserve(SETTINGS_ACK_BYTES);
    this.length = writeSettingsAck(this.bytes, this.length);
  }

  ping(high: number, low: number, ack: boolean): void {
    this.reserve(PING_BYTES);
    this.length = writePing(this.bytes, this.length, high, low, ack);
  }

  rstStream(streamId: number, errorCode: number): void {
    this.reserve(RST_STREAM_BYTES);
    this.length = writeRstStream(this.bytes, this.length, streamId, errorCode);
  }

  goaway(lastStreamId: number, errorCode: number): void {
    this.reserve(GOAWAY_BYTES);
    this.length = writeGoaway(this.bytes, this.length, lastStreamId, errorCode);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.reserve(WINDOW_UPDATE_BYTES);
    this.length = writeWindowUpdate(this.bytes, this.length, streamId, increment);
  }

  private reserve(bytes: number): void {
    const length = this.length + bytes;
    if (length <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(SIZE_MIN, this.bytes.length * 2, length));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
