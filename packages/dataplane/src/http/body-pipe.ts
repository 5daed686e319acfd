// One body on its way from one connection to another: by native relay where its length is known, through the chunked
// decoder or a middleware's transform otherwise, with back-pressure in every case. Used once per direction of an
// exchange and reused. Allocates nothing for relayed bodies.

import type { BodyTransform } from '@sluice/middlewares/behaviours';
import { RELAY_UNTIL_END, RelayEnd } from '@sluice/native';
import { BodyKind, ChunkedDecoder, ChunkPiece, type HeaderTable } from '@sluice/protocols';
import { Pause } from '../worker/stream-connection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { BodySink, BodySource } from './body-ends.ts';
import { keptTrailers } from './kept-trailers.ts';
import { PacedOutput } from './paced-output.ts';

/** Rest of a chunk from which a native relay pays. */
const RELAY_MIN_BYTES = 16 * 1024;
const EMPTY = new Uint8Array(0);

export const PipeState = {
  IDLE: 0,
  RUNNING: 1,
  /** Everything has been handed to the destination. */
  DONE: 2,
  /** The source ended or broke in the middle, or its framing is wrong. */
  SOURCE_FAILED: 3,
  DESTINATION_FAILED: 4,
  /** The transform threw; `fault` says what. */
  TRANSFORM_FAILED: 5,
} as const;

export interface PipePlan {
  /** Undefined: the body is at hand as a whole. */
  readonly source: BodySource | undefined;
  /** Undefined: the body is read and thrown away. */
  readonly destination: BodySink | undefined;
  /** A `BodyKind`. */
  readonly kind: number;
  /** For LENGTH. */
  readonly bytes: number;
  /** Frame the outgoing body as chunks; otherwise bytes go as they are. */
  readonly chunkedOut: boolean;
  readonly transform: BodyTransform | undefined;
  /** Send the trailers of a chunked body on. */
  readonly forwardTrailers: boolean;
}

const WHOLE_BODY = {
  kind: BodyKind.UNTIL_CLOSE,
  bytes: 0,
  chunkedOut: false,
  transform: undefined,
  forwardTrailers: false,
} as const;

export class BodyPipe {
  state: number = PipeState.IDLE;
  /** The failure was broken chunked framing. */
  malformed = false;
  /** Body bytes received so far, framing not counted. */
  bytesMoved = 0;
  /** Body bytes handed to the destination so far, after the transform, framing not counted. */
  bytesSent = 0;
  fault: unknown = undefined;
  private readonly context: WorkerContext;
  private readonly decoder = new ChunkedDecoder();
  private readonly output: PacedOutput;
  private plan!: PipePlan;
  private remaining = 0;
  private relaying = false;
  /** What the source's connection had received when the relay began. */
  private relayFromBytes = 0;
  /** A chunk head has been sent whose data is not complete. */
  private chunkOpen = false;
  /** The source has given everything; what is left is in `output`. */
  private draining = false;
  /** To be sent behind the body. */
  private trailers: HeaderTable | undefined = undefined;

  constructor(context: WorkerContext) {
    this.context = context;
    this.output = new PacedOutput(context);
  }

  /** The state tells at once whether there is anything to move. */
  start(plan: PipePlan): void {
    this.plan = plan;
    this.bytesMoved = 0;
    this.bytesSent = 0;
    this.malformed = false;
    this.relaying = false;
    this.chunkOpen = false;
    this.draining = false;
    this.remaining = plan.kind === BodyKind.LENGTH ? plan.bytes : 0;
    this.state = PipeState.RUNNING;
    if (plan.kind === BodyKind.CHUNKED) this.decoder.reset();
    if (plan.kind === BodyKind.NONE || (plan.kind === BodyKind.LENGTH && plan.bytes === 0)) this.finish();
  }

  /** A body that is at hand as a whole. At once DONE when it is not large. */
  startWith(destination: BodySink, body: Uint8Array): void {
    this.start({ ...WHOLE_BODY, source: undefined, destination });
    this.bytesSent = body.length;
    this.output.send(destination, body, 0, body.length);
    this.finish();
  }

  /** Forgets the exchange's objects. */
  reset(): void {
    this.state = PipeState.IDLE;
    this.relaying = false;
    this.bytesMoved = 0;
    this.bytesSent = 0;
    this.plan = undefined as unknown as PipePlan; // not read while IDLE
    this.fault = undefined;
    this.trailers = undefined;
    if (!this.output.isEmpty) this.output.clear();
  }

  get running(): boolean {
    return this.state === PipeState.RUNNING;
  }

  /** Some of the body has not been received yet. */
  get takesInput(): boolean {
    return this.state === PipeState.RUNNING && !this.draining;
  }

  /** Takes received bytes; returns the position after the last one that belongs to this body. */
  feed(bytes: Uint8Array, start: number, end: number): number {
    if (this.draining) return start;
    const { kind } = this.plan;
    let at = start;
    if (kind === BodyKind.CHUNKED) at = this.feedChunked(bytes, start, end);
    else if (kind === BodyKind.LENGTH) at = this.feedLength(bytes, start, end);
    else {
      this.emit(bytes, start, end);
      at = end;
    }
    this.applyBackPressure();
    return at;
  }

  /** Nothing more is in our hands: lets the transport move the rest, where it can do that alone. */
  relayRest(): void {
    if (this.state !== PipeState.RUNNING || this.relaying || this.plan.destination === undefined) return;
    const { kind, chunkedOut, transform, source, destination } = this.plan;
    if (transform !== undefined || source?.relays !== true || !destination.relays) return;
    if (kind === BodyKind.LENGTH && !chunkedOut) this.relay(this.remaining);
    else if (kind === BodyKind.CHUNKED && this.decoder.remainingInChunk >= RELAY_MIN_BYTES) {
      // Its size may have come without any data.
      if (chunkedOut && destination.id !== 0) this.openChunk(destination, this.decoder.remainingInChunk);
      this.relay(this.decoder.remainingInChunk);
    } else if (kind === BodyKind.UNTIL_CLOSE && !chunkedOut) this.relay(RELAY_UNTIL_END);
  }

  onRelayed(bytes: number, end: number): void {
    this.relaying = false;
    this.bytesMoved += bytes;
    this.bytesSent += bytes;
    const { kind } = this.plan;
    if (end === RelayEnd.COUNT) {
      if (kind === BodyKind.LENGTH) this.finish();
      else {
        this.decoder.skipped(bytes);
        this.closeChunk();
      }
    } else if (end === RelayEnd.SOURCE_END && kind === BodyKind.UNTIL_CLOSE) this.finish();
    else this.state = end === RelayEnd.DESTINATION_BROKEN ? PipeState.DESTINATION_FAILED : PipeState.SOURCE_FAILED;
  }

  /** The exchange ends while a relay runs: what that has moved is known to the transport only, as long as the source is there. */
  noteRelayed(): void {
    if (!this.relaying || this.plan.source!.id === 0) return;
    const moved = this.context.transport.receivedBytes(this.plan.source!.id) - this.relayFromBytes;
    this.relaying = false;
    this.bytesMoved += moved;
    this.bytesSent += moved;
  }

  /** The source has sent FIN, has said that its body is complete, or is gone. `trailers` are good during the call. */
  onSourceEnd(orderly: boolean, trailers?: HeaderTable): void {
    if (this.state !== PipeState.RUNNING || this.relaying || this.draining) return;
    if (orderly && this.plan.kind === BodyKind.UNTIL_CLOSE) this.finish(trailers);
    else this.state = PipeState.SOURCE_FAILED;
  }

  onDestinationDrained(): void {
    if (this.state === PipeState.IDLE) return;
    const { source, destination } = this.plan;
    if (!this.output.isEmpty) {
      this.output.pump(destination!);
      if (!this.output.isEmpty) return;
      if (this.draining) this.complete();
    }
    source?.resumeFor(Pause.BACK_PRESSURE);
  }

  private feedLength(bytes: Uint8Array, start: number, end: number): number {
    const stop = start + Math.min(end - start, this.remaining);
    this.remaining -= stop - start;
    this.emit(bytes, start, stop);
    if (this.remaining === 0 && this.state === PipeState.RUNNING) this.finish();
    return stop;
  }

  private feedChunked(bytes: Uint8Array, start: number, end: number): number {
    const { decoder } = this;
    let at = start;
    while (at < end && this.takesInput) {
      at = decoder.step(bytes as Buffer, at, end);
      switch (decoder.piece) {
        case ChunkPiece.DATA:
          this.emitChunkData(bytes, decoder.dataOffset, decoder.dataOffset + decoder.dataLength);
          break;
        case ChunkPiece.END:
          this.finish();
          break;
        case ChunkPiece.ERROR:
          this.malformed = true;
          this.state = PipeState.SOURCE_FAILED;
          break;
        default:
          return at;
      }
    }
    return at;
  }

  /** Mirrors the sender's chunks, so that a large one can be relayed; extensions are not carried over. */
  private emitChunkData(bytes: Uint8Array, start: number, end: number): void {
    const { chunkedOut, transform, destination } = this.plan;
    if (!chunkedOut || transform !== undefined || destination === undefined) {
      this.emit(bytes, start, end);
      return;
    }
    this.bytesMoved += end - start;
    this.bytesSent += end - start;
    this.openChunk(destination, end - start + this.decoder.remainingInChunk);
    destination.write(bytes, start, end);
    this.closeChunk();
  }

  private openChunk(destination: BodySink, bytes: number): void {
    if (this.chunkOpen) return;
    this.chunkOpen = true;
    this.writeChunkHead(destination, bytes);
  }

  private closeChunk(): void {
    if (!this.chunkOpen || this.decoder.remainingInChunk > 0) return;
    this.chunkOpen = false;
    this.writeText('\r\n');
  }

  /** Body bytes on their way out, through the transform if there is one. */
  private emit(bytes: Uint8Array, start: number, end: number): void {
    if (end <= start) return;
    this.bytesMoved += end - start;
    if (this.plan.transform === undefined) this.send(bytes, start, end);
    else this.transform(bytes.subarray(start, end), false, undefined);
  }

  private transform(bytes: Uint8Array, last: boolean, trailers: HeaderTable | undefined): void {
    let changed: Uint8Array | undefined;
    try {
      changed = this.plan.transform!.push(bytes, last, trailers);
    } catch (error) {
      this.fault = error;
      this.state = PipeState.TRANSFORM_FAILED;
      return;
    }
    if (changed !== undefined) this.send(changed, 0, changed.length);
  }

  private send(bytes: Uint8Array, start: number, end: number): void {
    const { destination, chunkedOut, transform } = this.plan;
    if (destination === undefined || destination.id === 0 || end <= start) return;
    this.bytesSent += end - start;
    if (transform !== undefined) {
      // A transform may give any amount at once.
      if (chunkedOut) this.output.sendText(destination, `${(end - start).toString(16)}\r\n`);
      this.output.send(destination, bytes, start, end);
      if (chunkedOut) this.output.sendText(destination, '\r\n');
      return;
    }
    if (chunkedOut) this.writeChunkHead(destination, end - start);
    destination.write(bytes, start, end);
    if (chunkedOut) this.writeText('\r\n');
  }

  private finish(received?: HeaderTable): void {
    const { kind, transform, forwardTrailers } = this.plan;
    const trailers = kind === BodyKind.CHUNKED ? this.decoder.trailers : received;
    if (transform !== undefined) this.transform(EMPTY, true, trailers);
    if (this.state !== PipeState.RUNNING) return;
    this.draining = true;
    this.trailers = forwardTrailers && transform?.absorbsTrailers !== true ? trailers : undefined;
    if (this.output.isEmpty) this.complete();
    else if (this.trailers !== undefined && this.trailers === received) this.trailers = keptTrailers(received);
  }

  /** Everything has been sent but what ends a chunked body. */
  private complete(): void {
    const { chunkedOut, destination } = this.plan;
    const { trailers } = this;
    this.trailers = undefined;
    if (chunkedOut) this.writeLastChunk(trailers);
    else destination?.endBody(trailers);
    this.state = PipeState.DONE;
  }

  private writeLastChunk(trailers: HeaderTable | undefined): void {
    if (trailers === undefined || trailers.count + trailers.addedNames.length === 0) {
      this.writeText('0\r\n\r\n');
      return;
    }
    let text = '0\r\n';
    for (let i = 0; i < trailers.count; i++) {
      if (!trailers.isRemoved(i)) text += `${trailers.nameAt(i)}: ${trailers.valueAt(i)}\r\n`;
    }
    for (let i = 0; i < trailers.addedNames.length; i++) {
      text += `${trailers.addedNames[i]}: ${trailers.addedValues[i]}\r\n`;
    }
    this.writeText(`${text}\r\n`);
  }

  private writeChunkHead(destination: BodySink, bytes: number): void {
    const writer = this.context.headWriter;
    writer.begin(20);
    writer.text(bytes.toString(16));
    writer.text('\r\n');
    writer.send(destination.id);
  }

  private writeText(text: string): void {
    const { destination } = this.plan;
    if (destination === undefined || destination.id === 0) return;
    const writer = this.context.headWriter;
    writer.begin(text.length);
    writer.text(text);
    writer.send(destination.id);
  }

  private relay(bytes: number): void {
    const { source, destination } = this.plan;
    if (source === undefined || source.id === 0 || destination === undefined || destination.id === 0) return;
    this.relaying = true;
    this.relayFromBytes = this.context.transport.receivedBytes(source.id);
    this.context.transport.relay(source.id, destination.id, bytes, 0);
  }

  private applyBackPressure(): void {
    if (!this.takesInput || this.relaying) return;
    const { source, destination } = this.plan;
    if (destination === undefined || destination.id === 0) return;
    if (!this.output.isEmpty || destination.isFull) source?.pauseFor(Pause.BACK_PRESSURE);
  }
}
