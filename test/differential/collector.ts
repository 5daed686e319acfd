// The last server of a differential test: notes each whole request with the connection that it came on at the parser in front
// of it, and answers 200. Requests must be exactly well formed, since nginx and HAProxy have written them.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { fieldValue, readRequests, type StrictMessage } from './strict-messages.ts';

export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly id: string | undefined;
  readonly body: string;
}

const ANSWER_HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';

/** What one parser has seen. */
export class Collector {
  /** By the port of the connection to the parser. */
  readonly seen = new Map<number, Seen[]>();
  readonly faults: string[] = [];
  port = 0;

  static async start(context: TestContext): Promise<Collector> {
    const collector = new Collector();
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      collector.serve(socket);
    });
    context.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    collector.port = (server.address() as AddressInfo).port;
    return collector;
  }

  /** Of everything so far. */
  get count(): number {
    return [...this.seen.values()].reduce((sum, { length }) => sum + length, 0);
  }

  note(port: number, seen: Seen): void {
    this.seen.set(port, [...(this.seen.get(port) ?? []), seen]);
  }

  private serve(socket: Socket): void {
    let stream = '';
    let answered = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      stream += chunk.toString('latin1');
      const { messages, fault } = readRequests(stream);
      if (fault !== undefined) {
        this.faults.push(fault);
        socket.destroy();
        return;
      }
      for (const message of messages.slice(answered)) {
        if (!message.complete) break;
        answered++;
        this.note(Number(fieldValue(message, 'x-tap')), seenOf(message));
        socket.write(message.firstLine.startsWith('HEAD ') ? ANSWER_HEAD : `${ANSWER_HEAD}ok`);
      }
    });
  }
}

export function seenOf(message: StrictMessage): Seen {
  const [method = '', target = ''] = message.firstLine.split(' ');
  return { method, target, id: fieldValue(message, 'x-case-id'), body: message.body };
}
