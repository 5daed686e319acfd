// A Unix socket in the runtime directory on which a process answers requests, one JSON object per line each way.
// Mode 0600 in a 0700 directory: only the same user gets here. Bounded in connections, line length and idle time.

import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { readJsonLines, writeJsonLine } from './json-lines.ts';

const CONNECTIONS_MAX = 8;
const IDLE_MAX_MS = 10_000;

/** Answers one request. A rejection closes the connection without an answer. */
export type ControlHandler = (request: Readonly<Record<string, unknown>>) => object | Promise<object>;

export class ControlServer {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly handler: ControlHandler;

  constructor(handler: ControlHandler) {
    this.handler = handler;
    this.server = createServer((socket) => this.accept(socket));
    this.server.maxConnections = CONNECTIONS_MAX;
  }

  /** @throws Error with a `code` when the path is taken or too long (107 bytes). */
  async listen(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(path, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    // Later errors concern single connections (no descriptors left); the socket stays.
    this.server.on('error', () => {});
    chmodSync(path, 0o600);
  }

  /** Does not keep the process alive by itself. */
  unref(): void {
    this.server.unref();
  }

  /** Closes everything now; answers not yet written are lost. `path`: the file to remove too. */
  close(path: string): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    rmSync(path, { force: true });
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.setTimeout(IDLE_MAX_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    const refuse = (reason: string) => {
      writeJsonLine(socket, { type: 'refused', reason });
      socket.end();
    };
    readJsonLines(socket, (request) => void this.answer(socket, request), refuse);
  }

  private async answer(socket: Socket, request: Readonly<Record<string, unknown>>): Promise<void> {
    try {
      const reply = await this.handler(request);
      if (socket.writable) writeJsonLine(socket, reply);
    } catch {
      socket.destroy();
    }
  }
}
