// What a client's frames mean for its streams: decodes field blocks, opens streams with their exchanges, and passes data, ends and
// resets on to them. Knows no transport events and no clock. Allocates per connection.

import {
  endsConnection,
  type FieldLimits,
  FieldSection,
  HeaderTable,
  HpackDecoder,
  HpackError,
  Http2Fault,
  headErrorStatus,
  isTooLarge,
  RequestFault,
  type SessionHandler,
  takeRequestFields,
} from '@sluice/protocols';
import { Owed } from '../http/client-pace.ts';
import type { DownstreamHttp2 } from './downstream-http2.ts';
import type { DownstreamStream } from './downstream-stream.ts';
import { takeStream } from './stream-pool.ts';

/** Good until the next block is decoded, on whatever connection. */
const SECTION = new FieldSection();
const TRAILERS = new HeaderTable(Buffer.alloc(0));
const TOO_LARGE_STATUS = 431;
const NOT_IMPLEMENTED_STATUS = 501;

export class ClientStreams implements SessionHandler {
  /** By slot of the session. */
  readonly bySlot: (DownstreamStream | undefined)[] = [];
  private readonly connection: DownstreamHttp2;
  private readonly decoder = new HpackDecoder();
  private readonly decoderTableBytes: number;
  private readonly limits: FieldLimits;
  /** Trailers of the request whose end is told next. */
  private trailersCame = false;

  constructor(connection: DownstreamHttp2, decoderTableBytes: number, limits: FieldLimits) {
    this.connection = connection;
    this.decoderTableBytes = decoderTableBytes;
    this.limits = limits;
  }

  /** What the client owes us of all bodies, as an `Owed`. */
  get owed(): number {
    let owed: number = Owed.NOTHING;
    for (const stream of this.bySlot) {
      if (stream?.owed === Owed.BODY) return Owed.BODY;
      if (stream?.owed === Owed.LATER) owed = Owed.LATER;
    }
    return owed;
  }

  /** There is nothing but tunnels. */
  get areTunnels(): boolean {
    return this.bySlot.every((stream) => stream === undefined || stream.isTunnel);
  }

  onStreamHeaders(
    slot: number,
    trailers: boolean,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    this.connection.noteProgress();
    const result = this.decode(bytes, start, end);
    if (endsConnection(result)) return;
    if (trailers) this.onTrailers(slot, result);
    else this.onRequest(slot, endStream, result);
  }

  onDiscardedHeaders(bytes: Buffer, start: number, end: number): void {
    this.connection.noteProgress();
    this.decode(bytes, start, end);
  }

  onStreamData(slot: number, bytes: Buffer, start: number, end: number): void {
    this.connection.noteProgress();
    this.bySlot[slot]?.onData(bytes, start, end);
  }

  onStreamEnd(slot: number): void {
    const trailers = this.trailersCame ? TRAILERS : undefined;
    this.trailersCame = false;
    this.bySlot[slot]?.onEnd(trailers);
  }

  onStreamReset(slot: number): void {
    this.bySlot[slot]?.gone();
  }

  onStreamFault(slot: number, fault: number): void {
    this.connection.logFault(fault);
    this.bySlot[slot]?.gone();
  }

  onStreamClosed(slot: number): void {
    const stream = this.bySlot[slot];
    this.bySlot[slot] = undefined;
    stream?.closed();
    this.connection.onStreamClosed();
  }

  onStreamWritable(slot: number): void {
    this.bySlot[slot]?.onWritable();
  }

  onPeerSettings(): void {
    const { session, frames } = this.connection;
    const { peerSettings } = session;
    frames.encoder.setPeerTableLimit(peerSettings.headerTableBytesLowest);
    frames.encoder.setPeerTableLimit(peerSettings.headerTableBytes);
    peerSettings.headerTableBytesLowest = peerSettings.headerTableBytes;
  }

  onSettingsAcknowledged(): void {
    this.decoder.setTableLimit(this.decoderTableBytes);
    this.connection.onSettingsAcknowledged();
  }

  onPingAck(): void {
    this.connection.onPingAck();
  }

  onGoaway(): void {
    this.connection.noteProgress();
  }

  onConnectionFault(fault: number): void {
    this.connection.onSessionFault(fault);
  }

  private decode(bytes: Buffer, start: number, end: number): number {
    const result = this.decoder.decode(bytes, start, end, SECTION, this.limits);
    if (endsConnection(result)) {
      const isHostile = result === HpackError.HOSTILE_BLOCK;
      const fault = isHostile ? Http2Fault.FIELD_BLOCK_TOO_LARGE : Http2Fault.BAD_FIELD_BLOCK;
      this.connection.session.failConnection(fault);
    }
    return result;
  }

  private onRequest(slot: number, endStream: boolean, decoded: number): void {
    const { connection } = this;
    const { context, entryPoint, session } = connection;
    const stream = takeStream();
    stream.open(connection, slot);
    this.bySlot[slot] = stream;
    connection.onStreamOpened();
    if (isTooLarge(decoded)) {
      stream.refuse(TOO_LARGE_STATUS);
      return;
    }
    const refusal = connection.refusal;
    if (refusal !== undefined) {
      stream.refuse(refusal.status);
      return;
    }
    const exchange = context.exchanges.take(context);
    const result = takeRequestFields(SECTION, exchange.request, endStream, entryPoint.limits);
    if (result === 0) {
      stream.begin(exchange);
      return;
    }
    context.exchanges.giveBack(exchange);
    if (result === RequestFault.MALFORMED) session.failStream(slot, Http2Fault.MALFORMED_MESSAGE);
    else stream.refuse(result === RequestFault.UNKNOWN_PROTOCOL ? NOT_IMPLEMENTED_STATUS : headErrorStatus(result));
  }

  /** Pseudo-header fields have no place in trailers (RFC 9113 §8.1). */
  private onTrailers(slot: number, decoded: number): void {
    if (decoded < 0 || SECTION.fault !== 0 || SECTION.pseudoIds !== 0) {
      this.connection.session.failStream(slot, Http2Fault.MALFORMED_MESSAGE);
      return;
    }
    SECTION.moveTo(TRAILERS);
    this.trailersCame = true;
  }
}
