// The connections to one server that exchanges share, and those who wait for one to be made: streams go on as few connections as fit,
// and while one is being made others wait for it rather than dial each their own. Knows no bytes. How many streams a connection will
// carry is what the server said last.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import type { WorkerContext } from '../../worker/worker-context.ts';
import { PlaceQueue, type PlaceTicket } from '../places/place-queue.ts';
import type { UpstreamChannel } from '../upstream-channel.ts';
import type { UpstreamHttp1 } from '../upstream-http1.ts';
import type { UpstreamPool } from '../upstream-pool.ts';
import { STREAMS_MAX, type UpstreamHttp2 } from './upstream-http2.ts';
import { UpstreamOpening } from './upstream-opening.ts';
import type { UpstreamStream } from './upstream-stream.ts';

/** A server that has chosen HTTP/1 is asked again after so long. */
const HTTP1_MS = 60_000;

/** Must not throw. It is out of the line whenever it is called. */
export interface ChannelWaiter {
  onChannel(channel: UpstreamChannel): void;
  onOpeningFailed(entry: CatalogueEntry, detail: number | string): void;
  /** What it waited for is not there, or too little: it begins anew. */
  onTryAgain(): void;
}

export class SharedConnections {
  private readonly pool: UpstreamPool;
  /** That may get streams; in the order in which they were made. */
  private readonly connections: UpstreamHttp2[] = [];
  private readonly openings = new Set<UpstreamOpening>();
  private readonly line = new PlaceQueue<ChannelWaiter>();
  /** On one connection, as the server has said last. */
  streamsEach = STREAMS_MAX;
  private http1UntilMs = 0;
  private serving = false;
  private servesSoon = false;
  private readonly flush: () => void;
  private readonly serveLater = () => {
    this.servesSoon = false;
    this.serve();
    this.flush();
  };

  constructor(pool: UpstreamPool, flush: () => void) {
    this.pool = pool;
    this.flush = flush;
  }

  /** The server has chosen HTTP/1 not long ago. */
  prefersHttp1(nowMs: number): boolean {
    return nowMs < this.http1UntilMs;
  }

  preferHttp1(nowMs: number): void {
    this.http1UntilMs = nowMs + HTTP1_MS;
  }

  get isEmpty(): boolean {
    return this.connections.length === 0;
  }

  get hasRoom(): boolean {
    return this.connections.some(({ hasRoom }) => hasRoom);
  }

  take(): UpstreamStream | undefined {
    for (const connection of this.connections) if (connection.hasRoom) return connection.take();
    return undefined;
  }

  /** A connection is being made that has room for one more. */
  get mayJoin(): boolean {
    return this.line.length < this.expectedStreams;
  }

  /** @returns a connection to be made, which the caller starts; undefined: one that is being made already will do. */
  join(ticket: PlaceTicket<ChannelWaiter>, context: WorkerContext): UpstreamOpening | undefined {
    this.line.push(ticket, context.transport.now);
    if (this.line.length <= this.expectedStreams) return undefined;
    const opening = new UpstreamOpening(context, this.pool, this);
    this.openings.add(opening);
    return opening;
  }

  /** Nothing happens when it does not wait. */
  leave(ticket: PlaceTicket<ChannelWaiter>): void {
    if (ticket.queue === this.line) this.line.remove(ticket);
  }

  onOpened(opening: UpstreamOpening, connection: UpstreamHttp2): void {
    this.openings.delete(opening);
    if (connection.generation !== this.pool.generation) connection.leave();
    else this.connections.push(connection);
    this.serve();
    connection.settle();
  }

  onOpenedHttp1(opening: UpstreamOpening, connection: UpstreamHttp1): void {
    this.openings.delete(opening);
    this.preferHttp1(opening.context.transport.now);
    const first = this.nextInLine();
    if (first === undefined) connection.giveBack();
    else first.onChannel(connection);
    for (let left = this.line.length; left > 0; left--) this.nextInLine()?.onTryAgain();
  }

  onOpeningFailed(opening: UpstreamOpening, entry: CatalogueEntry, detail: number | string): void {
    this.openings.delete(opening);
    const { length } = this.line;
    // Others that are being made are for others.
    this.failLine(this.expectedStreams === 0 ? length : Math.min(length, this.streamsEach), entry, detail);
  }

  onSettings(connection: UpstreamHttp2): void {
    this.streamsEach = Math.max(1, connection.streamsMax);
    // A server that allows none would be asked again and again.
    if (connection.streamsMax === 0) this.failLine(this.line.length, Errors.UPSTREAM_STREAM_REFUSED, 0);
    this.onRoom();
  }

  /** A stream has ended, or there may be more of them. */
  onRoom(): void {
    this.pool.places?.onIdle();
    if (this.line.length === 0 || this.servesSoon) return;
    this.servesSoon = true;
    queueMicrotask(this.serveLater);
  }

  /** The connection gets no more streams. */
  remove(connection: UpstreamHttp2): void {
    const index = this.connections.indexOf(connection);
    if (index === -1) return;
    this.connections.splice(index, 1);
    this.onRoom();
  }

  // ---- as a part of its pool --------------------------------------------------------------------------------------------

  get idleCount(): number {
    let count = 0;
    for (const { isIdle } of this.connections) if (isIdle) count++;
    return count;
  }

  /** The one that has been idle for longest. */
  get oldestIdle(): UpstreamHttp2 | undefined {
    let oldest: UpstreamHttp2 | undefined;
    for (const connection of this.connections) {
      if (connection.isIdle && connection.idleSinceMs < (oldest?.idleSinceMs ?? Number.POSITIVE_INFINITY)) {
        oldest = connection;
      }
    }
    return oldest;
  }

  closeIdle(): void {
    for (const connection of [...this.connections]) if (connection.isIdle) connection.leave();
  }

  /** What was made so far gets no more streams. */
  retire(): void {
    for (const connection of [...this.connections]) connection.leave();
  }

  // ---- the line ---------------------------------------------------------------------------------------------------------

  private get expectedStreams(): number {
    let makings = this.openings.size;
    for (const { awaitsSettings } of this.connections) if (awaitsSettings) makings++;
    return makings * this.streamsEach;
  }

  private serve(): void {
    if (this.serving) return;
    this.serving = true;
    for (let left = this.line.length; left > 0 && this.line.length > 0; left--) {
      const stream = this.take();
      if (stream !== undefined) this.nextInLine()!.onChannel(stream);
      else if (this.line.length <= this.expectedStreams) break;
      else this.nextInLine()!.onTryAgain();
    }
    this.serving = false;
  }

  private failLine(count: number, entry: CatalogueEntry, detail: number | string): void {
    for (let left = count; left > 0; left--) this.nextInLine()?.onOpeningFailed(entry, detail);
  }

  private nextInLine(): ChannelWaiter | undefined {
    const { first } = this.line;
    if (first === undefined) return undefined;
    this.line.remove(first);
    return first.waiter;
  }
}
