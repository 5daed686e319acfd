// A WebSocket server of the package `ws` on a loopback port, over HTTP/1.1: it sends back what it gets, and does what the
// first word of a text message asks for. Remembers how connections ended.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

/** How one connection ended, as the server saw it. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

const MESSAGE_MAX_BYTES = 64 * 1024 * 1024;

export class EchoSocketServer {
  readonly endings: Ending[] = [];
  readonly requests: IncomingMessage[] = [];
  /** Pings that clients have sent. */
  pings = 0;
  private readonly server = createServer((_, response) => response.writeHead(426).end('websockets only\n'));
  private readonly sockets: WebSocketServer;

  static async start(context: TestContext): Promise<EchoSocketServer> {
    const started = new EchoSocketServer();
    started.server.listen(0, '127.0.0.1');
    context.after(() => started.stop());
    await once(started.server, 'listening');
    return started;
  }

  private constructor() {
    this.sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MESSAGE_MAX_BYTES,
      perMessageDeflate: true,
      handleProtocols: (protocols) => (protocols.has('echo.v2') ? 'echo.v2' : false),
    });
    this.server.on('upgrade', (request, socket, head) => {
      if (request.url === '/refused') {
        socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\nWWW-Authenticate: Basic\r\n\r\nno entry\n');
        return;
      }
      this.sockets.handleUpgrade(request, socket, head, (each) => this.serve(each, request));
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  stop(): void {
    for (const each of this.sockets.clients) each.terminate();
    this.server.close();
    this.server.closeAllConnections();
  }

  private serve(socket: WebSocket, request: IncomingMessage): void {
    this.requests.push(request);
    socket.on('ping', () => this.pings++);
    socket.on('error', () => {});
    socket.on('close', (code, reason) => this.endings.push({ code, reason: reason.toString() }));
    socket.on('message', (data, isBinary) => this.answer(socket, data, isBinary));
  }

  private answer(socket: WebSocket, data: RawData, isBinary: boolean): void {
    const [order, value] = isBinary ? [] : data.toString().slice(0, 40).split(' ');
    if (order === 'close') socket.close(Number(value), 'as you wish');
    else if (order === 'die') socket.terminate();
    else if (order === 'ping') socket.ping(value);
    else if (order === 'count') for (let n = 0; n < Number(value); n++) socket.send(`${n}`);
    else socket.send(data, { binary: isBinary });
  }
}
