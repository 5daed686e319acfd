// Clients of one UDP port that send bursts and wait for the echoes of a burst before the next one. Counts what came back; a burst of
// which something is lost is given up after a moment.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { LOOPBACK } from '../lab/free-port.ts';
import type { DatagramsPlan } from './datagrams-plan.ts';

const GIVE_UP_MS = 100;
const BUFFER_BYTES = 4 * 1024 * 1024;
/** A first datagram may meet a proxy that still looks for its server. */
const FIRST_TIMEOUT_MS = 5_000;

interface Seat {
  readonly socket: Socket;
  readonly patience: NodeJS.Timeout;
  /** Echoes of the burst under way that are still to come; 0: none is under way. */
  missing: number;
}

export class DatagramClients {
  sent = 0;
  echoed = 0;
  private readonly plan: DatagramsPlan;
  private readonly payload: Buffer;
  private readonly seats: Seat[] = [];
  private deadlineMs = 0;
  private busy = 0;
  private whenIdle: () => void = () => {};

  constructor(plan: DatagramsPlan) {
    this.plan = plan;
    this.payload = Buffer.alloc(plan.bytes, 'd');
  }

  /** @param port what they send to. @throws Error when one hears nothing. */
  async open(port: number): Promise<void> {
    for (let i = 0; i < this.plan.clients; i++) {
      const socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES });
      socket.connect(port, LOOPBACK);
      await once(socket, 'connect');
      // A proxy may decide about a client while its first datagram waits: one alone.
      socket.send(this.payload);
      await once(socket, 'message', { signal: AbortSignal.timeout(FIRST_TIMEOUT_MS) });
      this.add(socket);
    }
  }

  /** Resolves when the last burst has ended. */
  async run(seconds: number): Promise<void> {
    this.deadlineMs = performance.now() + seconds * 1000;
    this.sent = 0;
    this.echoed = 0;
    this.busy = this.seats.length;
    await new Promise<void>((resolve) => {
      this.whenIdle = resolve;
      for (const seat of this.seats) this.next(seat);
    });
  }

  close(): void {
    for (const { socket, patience } of this.seats) {
      clearTimeout(patience);
      socket.close();
    }
  }

  private add(socket: Socket): void {
    const seat: Seat = { socket, patience: setTimeout(() => this.giveUp(seat), GIVE_UP_MS), missing: 0 };
    this.seats.push(seat);
    // Late echoes of a burst that was given up are taken for those of the next: they are as many.
    socket.on('message', (bytes) => {
      if (seat.missing === 0 || !bytes.equals(this.payload)) return;
      this.echoed++;
      if (--seat.missing === 0) this.next(seat);
    });
  }

  private giveUp(seat: Seat): void {
    if (seat.missing === 0) return;
    seat.missing = 0;
    this.next(seat);
  }

  private next(seat: Seat): void {
    const { burst } = this.plan;
    if (performance.now() >= this.deadlineMs) {
      if (--this.busy === 0) this.whenIdle();
      return;
    }
    seat.missing = burst;
    this.sent += burst;
    for (let i = 0; i < burst; i++) seat.socket.send(this.payload);
    seat.patience.refresh();
  }
}
