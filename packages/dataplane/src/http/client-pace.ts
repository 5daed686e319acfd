// Watches one client that is busy: does it send the body that it owes, and take what is ready for it, fast enough? What is not its
// fault does not count: a server that does not read or has nothing to say. Looked at once a second, never per event.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { INDEX_MASK, type StreamTransport } from '@sluice/native';
import type { UpstreamChannel } from '../upstream/upstream-channel.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { HttpExchange } from './http-exchange.ts';
import { Phase } from './phase.ts';
import { Slowness } from './slowness.ts';

/** From the entry point; 0: no limit. */
export interface PaceLimits {
  readonly receiveBytesPerSecond: number;
  readonly sendBytesPerSecond: number;
  readonly graceMs: number;
}

export const Owed = {
  NOTHING: 0,
  /** More of a body, now. */
  BODY: 1,
  /** More of a body, when its server takes more. */
  LATER: 2,
} as const;

export class ClientPace {
  private readonly context: WorkerContext;
  private readonly receiving: Slowness | undefined;
  private readonly sending: Slowness | undefined;
  /** At the last look: sent and not taken yet, and taken. */
  private pendingBytes = 0;
  private takenBytes = 0;

  constructor(context: WorkerContext, { receiveBytesPerSecond, sendBytesPerSecond, graceMs }: PaceLimits) {
    this.context = context;
    this.receiving = receiveBytesPerSecond > 0 ? new Slowness(receiveBytesPerSecond, graceMs) : undefined;
    this.sending = sendBytesPerSecond > 0 ? new Slowness(sendBytesPerSecond, graceMs) : undefined;
  }

  /**
   * @param id of the client's connection. @param owed what `Owed` of its body. @param isTunnel it may read as it likes.
   * @returns what to do with it; undefined: nothing.
   */
  look(id: number, owed: number, isTunnel: boolean, elapsedMs: number): CatalogueEntry | undefined {
    if (this.receiving !== undefined && !this.sendsFastEnough(this.receiving, id, owed, elapsedMs)) {
      return Errors.DOWNSTREAM_BODY_TOO_SLOW;
    }
    if (this.sending !== undefined && !this.takesFastEnough(this.sending, id, isTunnel, elapsedMs)) {
      return Errors.DOWNSTREAM_READER_TOO_SLOW;
    }
    return undefined;
  }

  private sendsFastEnough(slowness: Slowness, id: number, owed: number, elapsedMs: number): boolean {
    if (owed === Owed.NOTHING) {
      slowness.reset();
      return true;
    }
    return slowness.look(this.context.transport.receivedBytes(id), owed === Owed.LATER ? 0 : elapsedMs);
  }

  private takesFastEnough(slowness: Slowness, id: number, isTunnel: boolean, elapsedMs: number): boolean {
    const { transport } = this.context;
    const taken = transport.takenBytes(id);
    const caughtUp = taken - this.takenBytes >= this.pendingBytes;
    this.takenBytes = taken;
    this.pendingBytes = transport.sentBytes(id) - taken;
    // All that was ready at the last look has been taken: if little has, there was little.
    if (caughtUp || isTunnel) {
      slowness.reset();
      return true;
    }
    return slowness.look(taken, elapsedMs);
  }
}

/** What the client of that exchange owes us. */
export function owedFor(exchange: HttpExchange | undefined): number {
  if (exchange === undefined || !exchange.takesBody || exchange.upstream.awaitsContinue) return Owed.NOTHING;
  if (exchange.phase === Phase.TUNNEL) return Owed.NOTHING;
  const server = exchange.upstream.connection;
  // What waits for the server keeps the client from being read.
  const { transport } = exchange.context;
  const isServersTime = server !== undefined && server.id !== 0 && waitsForServer(transport, server);
  return isServersTime ? Owed.LATER : Owed.BODY;
}

/** Something is on its way to the server: in the connection's queue, or kept for the windows of a stream. */
function waitsForServer(transport: StreamTransport, server: UpstreamChannel): boolean {
  return transport.queuedBytes[server.id & INDEX_MASK] > 0 || server.isFull;
}
