// The small servers that the quickstart puts behind Sluice, and a switch to stop and start each of them.
// They answer with their name and what they were asked; nothing more.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listen, stop } from './listen.ts';

export const UPSTREAM_PORTS: Readonly<Record<string, number>> = { one: 8001, two: 8002, three: 8003 };
export const SWITCH_PORT = 8010;

export class UpstreamServers {
  private readonly running = new Map<string, Server>();
  private readonly switch = createServer((request, response) => void this.turn(request, response));

  /** @throws Error naming the port when one is in use. */
  async start(): Promise<void> {
    for (const name of Object.keys(UPSTREAM_PORTS)) await this.startOne(name);
    await listen(this.switch, SWITCH_PORT);
  }

  async close(): Promise<void> {
    await Promise.all([stop(this.switch), ...[...this.running.keys()].map((name) => this.stopOne(name))]);
  }

  private async startOne(name: string): Promise<void> {
    if (this.running.has(name)) return;
    const server = createServer((request, response) => answer(name, request, response));
    // Registered first: a second call meanwhile must not try the port again.
    this.running.set(name, server);
    try {
      await listen(server, UPSTREAM_PORTS[name]!);
    } catch (error) {
      this.running.delete(name);
      throw error;
    }
  }

  private async stopOne(name: string): Promise<void> {
    const server = this.running.get(name);
    if (server === undefined) return;
    this.running.delete(name);
    await stop(server);
  }

  /** `POST /two/stop`, `POST /two/start`. */
  private async turn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, name = '', action] = /^\/(\w+)\/(start|stop)$/.exec(request.url ?? '') ?? [];
    request.resume();
    if (request.method !== 'POST' || UPSTREAM_PORTS[name] === undefined) {
      response.writeHead(404).end('POST /one/stop, /one/start, and so on for two and three\n');
      return;
    }
    try {
      await (action === 'stop' ? this.stopOne(name) : this.startOne(name));
      response.end(`${name} is ${action === 'stop' ? 'stopped' : 'running'}\n`);
    } catch (error) {
      response.writeHead(500).end(`${(error as Error).message}\n`);
    }
  }
}

function answer(name: string, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  if (request.url === '/health') return void response.end('ok\n');
  const tag = request.headers['x-came-through'];
  response.setHeader('Content-Type', 'text/plain');
  response.end(`server ${name}: ${request.method} ${request.url}${tag === undefined ? '' : ` (through ${tag})`}\n`);
}
