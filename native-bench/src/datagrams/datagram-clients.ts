// Clients of one UDP port that send bursts and wait for the echoes of a burst before the next one. Counts what came back; a burst of
// which something is lost is given up after a moment.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface DatagramLoad {
  readonly port: number;
  readonly clients: number;
  /** Bytes of a datagram. */
  readonly bytes: number;
  /** Datagrams a client sends at once. */
  readonly burst: number;
}

const GIVE_UP_MS = 100;

export class DatagramClients {
  sent = 0;
  received = 0;
  readonly #load: DatagramLoad;
  readonly #sockets: Socket[] = [];
  #running = true;

  constructor(load: DatagramLoad) {
    this.#load = load;
  }

  async start(): Promise<void> {
    const payload = Buffer.alloc(this.#load.bytes, 'd');
    for (let i = 0; i < this.#load.clients; i++) {
      const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
      this.#sockets.push(socket);
      socket.connect(this.#load.port, '127.0.0.1');
      await once(socket, 'connect');
      // A proxy may decide about a client while its first datagram waits: one alone.
      socket.send(payload);
      await once(socket, 'message');
      this.#drive(socket, payload);
    }
  }

  #drive(socket: Socket, payload: Buffer): void {
    const { burst } = this.#load;
    let missing = 0;
    const next = () => {
      if (!this.#running) return;
      missing = burst;
      this.sent += burst;
      for (let i = 0; i < burst; i++) socket.send(payload);
      patience.refresh();
    };
    const patience = setTimeout(next, GIVE_UP_MS);
    patience.unref();
    socket.on('message', () => {
      this.received++;
      if (--missing === 0) next();
    });
    next();
  }

  stop(): void {
    this.#running = false;
    for (const socket of this.#sockets) socket.close();
  }
}
