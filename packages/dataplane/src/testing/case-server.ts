// How the server of a case answers: it knows where requests in the form that we write end, and nothing else. Keeps what it
// received in order; judging that is the test's job.

import type { RawConnection, RawHandler } from './raw-server.ts';

export type ServerManner = 'complete' | 'early' | 'continue' | 'switch';

const OK = 'HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\nok';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

interface Progress {
  heads: number;
  ends: number;
}

export class CaseServer {
  manner: ServerManner = 'complete';
  /** Everything since the case began, in order. */
  received = '';
  /** Those that received something of it. */
  readonly connections = new Set<RawConnection>();
  private readonly switched = new WeakSet<RawConnection>();
  private readonly progress = new WeakMap<RawConnection, Progress>();

  readonly handler: RawHandler = (connection, chunk) => {
    this.received += chunk;
    this.connections.add(connection);
    const now = progressOf(connection.received);
    const before = this.progress.get(connection) ?? { heads: 0, ends: 0 };
    this.progress.set(connection, now);
    this.answer(connection, now.heads - before.heads, now.ends - before.ends);
  };

  begin(manner: ServerManner): void {
    this.manner = manner;
    this.received = '';
    this.connections.clear();
  }

  private answer(connection: RawConnection, heads: number, ends: number): void {
    const { socket } = connection;
    if (this.manner === 'switch') {
      // What follows is no HTTP, whatever it looks like.
      if (heads > 0 && !this.switched.has(connection)) socket.write(SWITCH);
      this.switched.add(connection);
      return;
    }
    if (this.manner === 'early') ends = heads;
    if (this.manner === 'continue') for (let i = 0; i < heads; i++) socket.write(CONTINUE);
    for (let i = 0; i < ends; i++) socket.write(OK);
  }
}

/** Heads and whole requests in what one connection received. Tunnelled bytes count for nothing. */
function progressOf(stream: string): Progress {
  let heads = 0;
  let ends = 0;
  for (let at = 0; at < stream.length; ) {
    const headEnd = stream.indexOf('\r\n\r\n', at);
    if (headEnd === -1) break;
    heads++;
    const head = stream.slice(at, headEnd + 4);
    const rest = stream.slice(headEnd + 4);
    const length = Number(/\r\nContent-Length: (\d+)\r\n/i.exec(head)?.[1] ?? 0);
    let end = length;
    if (head.includes('\r\nTransfer-Encoding: chunked\r\n')) end = chunkedLength(rest);
    if (end > rest.length) break;
    ends++;
    at = headEnd + 4 + end;
  }
  return { heads, ends };
}

/** Infinite while the last chunk is missing. */
function chunkedLength(text: string): number {
  for (let at = 0; ; ) {
    const size = /^([0-9a-f]+)\r\n/.exec(text.slice(at, at + 20));
    if (size === null) return Number.POSITIVE_INFINITY;
    at += size[0].length + Number.parseInt(size[1]!, 16) + 2;
    if (size[1] === '0') return at;
  }
}
