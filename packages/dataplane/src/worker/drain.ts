// Leaving in order: accept a while longer if asked to, then no more; let exchanges finish, close connections that stay
// idle, and cut off what is left at the deadline. Runs on timers; the hot path only sees `context.draining`.

import { DownstreamConnection } from './downstream-connection.ts';
import { monotonicMs } from './monotonic-ms.ts';
import type { WorkerContext } from './worker-context.ts';

const SWEEP_MS = 50;
/**
 * A kept-alive connection idle for this long is closed. One that was busy a moment ago may have a request on its way,
 * which gets its answer and then `Connection: close`.
 */
const IDLE_MS = 500;

/**
 * So long others may need to put a connection into the mailbox that they had decided to send before they could know. Longer, and
 * the number is what a killed worker has left.
 */
const ARRIVING_MS = 300;

/** Turns in which connections still in the kernel's queues are taken; new ones may keep coming. */
const ACCEPT_TURNS_MAX = 100;

export interface DrainedListeners {
  /** Connections that the kernel has accepted and we have not. */
  queued(): number;
  stop(): void;
}

export class Drain {
  private readonly context: WorkerContext;
  private readonly listeners: DrainedListeners;

  constructor(context: WorkerContext, listeners: DrainedListeners) {
    this.context = context;
    this.listeners = listeners;
  }

  async run(acceptGraceMs: number, graceMs: number): Promise<void> {
    if (acceptGraceMs > 0) await delay(acceptGraceMs);
    this.context.draining = true;
    this.tellClients();
    await this.acceptQueued();
    this.listeners.stop();
    const startedAt = monotonicMs();
    const deadline = startedAt + graceMs;
    const idleMs = Math.min(IDLE_MS, graceMs / 2);
    const arrivingUntil = monotonicMs() + Math.min(ARRIVING_MS, graceMs);
    for (;;) {
      const mayArrive = (this.context.balance?.arriving ?? 0) > 0 && monotonicMs() < arrivingUntil;
      if (this.closeIdle(idleMs) === 0 && !mayArrive) break;
      const left = deadline - monotonicMs();
      if (left <= 0) {
        this.cutAll();
        break;
      }
      this.endDue(monotonicMs() - startedAt);
      await delay(Math.min(SWEEP_MS, left));
    }
    this.context.pools.closeIdle();
    this.context.transport.flush();
    // Last bytes may still be queued for clients that are done with otherwise: leaving now would cut them off.
    while (this.context.transport.connectionCount > 0 && monotonicMs() < deadline) await delay(SWEEP_MS / 10);
  }

  /** Closing a listener resets what waits in its queue: those clients have been told that they are connected. */
  private async acceptQueued(): Promise<void> {
    for (let turn = 0; turn < ACCEPT_TURNS_MAX && this.listeners.queued() > 0; turn++) await nextTurn();
  }

  private tellClients(): void {
    const { connections, transport } = this.context;
    connections.forEach((connection) => {
      if (connection instanceof DownstreamConnection) connection.beginDrain();
    });
    transport.flush();
  }

  /** Number of client connections that are still open. */
  private closeIdle(idleMs: number): number {
    const { connections, transport } = this.context;
    const now = monotonicMs();
    let open = 0;
    connections.forEach((connection) => {
      if (!(connection instanceof DownstreamConnection)) return;
      if (connection.idleForMs(now) >= idleMs) connection.closeGracefully();
      else open++;
    });
    transport.flush();
    return open;
  }

  /** Each entry point has its own times for requests and for tunnels, within what the whole drain has. */
  private endDue(elapsedMs: number): void {
    const { connections, transport } = this.context;
    connections.forEach((connection) => {
      if (!(connection instanceof DownstreamConnection)) return;
      const { graceMs, tunnelGraceMs } = connection.entryPoint;
      if (elapsedMs >= graceMs) connection.endRequests();
      if (elapsedMs >= tunnelGraceMs) connection.endTunnels();
    });
    transport.flush();
  }

  private cutAll(): void {
    const { connections, transport } = this.context;
    connections.forEach((connection) => {
      connection.giveUp();
    });
    transport.flush();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
