// HTTP/2 frames as they arrive in one piece: requests of browsers with what they send beside, and an upload. Read by the frame
// reader alone, and by the session with all rules; field blocks are not decoded here (see header-blocks.ts).

import {
  CLIENT_PREFACE,
  DEFAULT_ABUSE_LIMITS,
  DEFAULT_SESSION_OPTIONS,
  type FrameHandler,
  FrameReader,
  FrameType,
  Http2Session,
  type Http2SessionOptions,
  type SessionHandler,
  writeDataHead,
  writeFieldBlock,
  writeFrameHead,
  writeSettings,
  writeWindowUpdate,
} from '@sluice/protocols';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';

const KIB = 1024;
const REQUESTS = 32;
/** As of a browser's request on a connection that has had some. */
const BLOCK = Buffer.alloc(40, 0x82);
const UPLOAD_FRAMES = 4;
const FRAME_BYTES = 16 * KIB;

/** Numbers of streams end with 2^31 - 1; well before that a session is followed by another. */
const STREAM_ID_LAST = 2 ** 30;

const NO_LIMIT = { burst: 1e12, perSecond: 1e12 };
const SESSION_OPTIONS: Http2SessionOptions = {
  ...DEFAULT_SESSION_OPTIONS,
  abuse: { ...DEFAULT_ABUSE_LIMITS, windowUpdates: NO_LIMIT, tinyWindowUpdates: NO_LIMIT, resets: NO_LIMIT },
};

export const FRAMES: MicroGroup = {
  title: 'HTTP/2 frames',
  make: () => [reading(`${REQUESTS} requests`, requests()), reading('upload of 64 KiB', upload()), sessionRequests()],
};

/** Counts frames and bytes of data; everything else is of no interest. */
class CountingFrames implements FrameHandler {
  frames = 0;
  bytes = 0;
  onDataBegin(): void {}
  onDataBytes(_streamId: number, _bytes: Buffer, start: number, end: number): void {
    this.bytes += end - start;
  }
  onDataEnd(): void {
    this.frames++;
  }
  onHeaders(): void {
    this.frames++;
  }
  onPriority(): void {}
  onReset(): void {}
  onSetting(): void {}
  onSettingsEnd(): void {}
  onSettingsAck(): void {}
  onPing(): void {}
  onPingAck(): void {}
  onGoaway(): void {}
  onWindowUpdate(): void {
    this.frames++;
  }
  onUnknownFrame(): void {}
  onFrameFault(fault: number): void {
    throw new Error(`frame fault ${fault}`);
  }
}

/** `run` gives the bytes it was given. */
function reading(name: string, bytes: Buffer): MicroBenchmark {
  const handler = new CountingFrames();
  const reader = new FrameReader(handler, false);
  const settings = Buffer.alloc(FRAME_BYTES);
  reader.read(settings, 0, writeSettings(settings, 0, []));
  const run = () => {
    const before = handler.frames;
    reader.read(bytes, 0, bytes.length);
    return handler.frames > before ? bytes.length : 0;
  };
  return { name: `read: ${name}, ${bytes.length} bytes`, run, bytes: bytes.length };
}

/** HEADERS and a WINDOW_UPDATE for each. */
function requests(): Buffer {
  const buffer = Buffer.alloc(REQUESTS * (BLOCK.length + 40));
  let at = 0;
  for (let index = 0; index < REQUESTS; index++) {
    const streamId = 2 * index + 1;
    at = writeFieldBlock(buffer, at, streamId, BLOCK, 0, BLOCK.length, true, FRAME_BYTES);
    at = writeWindowUpdate(buffer, at, 0, FRAME_BYTES);
  }
  return buffer.subarray(0, at);
}

function upload(): Buffer {
  const buffer = Buffer.alloc(UPLOAD_FRAMES * (FRAME_BYTES + 9));
  let at = 0;
  for (let index = 0; index < UPLOAD_FRAMES; index++)
    at = writeDataHead(buffer, at, 1, FRAME_BYTES, false) + FRAME_BYTES;
  return buffer;
}

/** A server's session that answers every request at once, so that its streams end: a request costs it both. */
class AnsweringHandler implements SessionHandler {
  session: Http2Session | undefined;
  requests = 0;
  onStreamEnd(slot: number): void {
    this.requests++;
    this.session!.sentHeaders(slot, true);
  }
  onStreamHeaders(): void {}
  onDiscardedHeaders(): void {}
  onStreamData(): void {}
  onStreamReset(): void {}
  onStreamFault(): void {}
  onStreamClosed(): void {}
  onStreamWritable(): void {}
  onPeerSettings(): void {}
  onSettingsAcknowledged(): void {}
  onPingAck(): void {}
  onGoaway(): void {}
  onConnectionFault(fault: number): void {
    throw new Error(`connection fault ${fault}`);
  }
}

/** One request for each run: its number is written into the frame, as numbers of streams only grow. `run` gives requests so far. */
function sessionRequests(): MicroBenchmark {
  const handler = new AnsweringHandler();
  let session = newSession(handler);
  const frame = Buffer.alloc(BLOCK.length + 9);
  writeFieldBlock(frame, 0, 1, BLOCK, 0, BLOCK.length, true, FRAME_BYTES);
  let streamId = 1;
  const run = () => {
    if (streamId >= STREAM_ID_LAST) {
      session = newSession(handler);
      streamId = 1;
    }
    frame.writeUInt32BE(streamId, 5);
    streamId += 2;
    session.receive(frame, 0, frame.length, streamId, 0);
    return handler.requests;
  };
  return { name: 'session: one request, answered', run, bytes: frame.length };
}

function newSession(handler: AnsweringHandler): Http2Session {
  const session = new Http2Session(handler, 0, SESSION_OPTIONS);
  handler.session = session;
  const hello = Buffer.alloc(CLIENT_PREFACE.length + 9);
  CLIENT_PREFACE.copy(hello);
  writeFrameHead(hello, CLIENT_PREFACE.length, 0, FrameType.SETTINGS, 0, 0);
  session.receive(hello, 0, hello.length, 0, 0);
  session.output.clear();
  return session;
}
