// A TCP relay that keeps what passes in both directions of each connection. Changes nothing and understands nothing.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface TapConnection {
  /** From who connected, and back; latin-1. */
  forth: string;
  back: string;
  /** Of the tap's end towards the target: how the target knows the connection. */
  port: number;
  /** Of who connected. */
  readonly nearPort: number;
  /** The target has ended its side. */
  backEnded: boolean;
  /** Neither side is closed. */
  openEnd: boolean;
}

export class Tap {
  connections: TapConnection[] = [];
  readonly port: number;
  private readonly sockets = new Set<Socket>();

  static async start(context: TestContext, target: number): Promise<Tap> {
    let tap: Tap | undefined;
    const server = createServer({ allowHalfOpen: true });
    context.after(() => {
      tap?.closeAll();
      server.close();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    tap = new Tap((server.address() as AddressInfo).port);
    server.on('connection', (socket) => tap!.relay(socket, target));
    return tap;
  }

  private constructor(port: number) {
    this.port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Forgets them too. */
  closeAll(): void {
    for (const socket of this.sockets) socket.destroy();
    this.connections = [];
  }

  private relay(near: Socket, target: number): void {
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const connection: TapConnection = {
      forth: '',
      back: '',
      port: 0,
      nearPort: near.remotePort ?? 0,
      backEnded: false,
      openEnd: true,
    };
    this.connections.push(connection);
    far.on('connect', () => {
      connection.port = far.localPort ?? 0;
    });
    near.on('data', (chunk) => {
      connection.forth += chunk.toString('latin1');
      far.write(chunk);
    });
    far.on('data', (chunk) => {
      connection.back += chunk.toString('latin1');
      near.write(chunk);
    });
    far.on('end', () => {
      connection.backEnded = true;
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(one);
      one.setNoDelay(true);
      one.on('end', () => other.end());
      one.on('error', () => other.resetAndDestroy());
      one.on('close', (failed) => {
        this.sockets.delete(one);
        connection.openEnd = false;
        if (failed) other.destroy();
      });
    }
  }
}
