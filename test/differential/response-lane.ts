// A hostile server behind Sluice and decent clients in front of it, with everything between Sluice and them recorded: says
// whether the clients have seen what Sluice has written. One request at a time on a connection.

import { execFile } from 'node:child_process';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { type ProxyUnderTest, startProxy } from '../../packages/dataplane/src/testing/proxy-under-test.ts';
import { readResponses, type StrictMessage } from './strict-messages.ts';
import { Tap, type TapConnection } from './tap.ts';

/** A server that says too little is hung up on then. */
const SERVER_PATIENCE_MS = 40;
const run = promisify(execFile);

/** What a client made of one answer. */
interface Read {
  readonly method: string;
  readonly status: number;
  readonly id: string | undefined;
  readonly body: string;
  readonly complete: boolean;
}

export class ResponseLane {
  asked = 0;
  completed = 0;
  readonly differences: string[] = [];
  private readonly tap: Tap;
  private curls = 0;

  /** @param answer makes the bytes that the server sends to the next request. */
  static async start(context: TestContext, answer: () => string): Promise<ResponseLane> {
    requireTools([{ command: 'curl', debianPackage: 'curl' }], (line) => context.diagnostic(line));
    const proxy: ProxyUnderTest = await startProxy(
      ({ socket, received }, chunk) => {
        const id = /\r\nX-Case-Id: (\d+)\r\n/i.exec(chunk)?.[1];
        if (id === undefined) return;
        const bytes = answer().replace(/Date: x\r\n/, `Date: x\r\nX-Case-Id: ${id}\r\n`);
        socket.write(Buffer.from(bytes, 'latin1'));
        const { length } = received;
        setTimeout(() => {
          // Nothing new has come: this answer was not enough, or too much.
          if (proxy.server.connections.some((each) => each.socket === socket && each.received.length === length))
            socket.end();
        }, SERVER_PATIENCE_MS);
      },
      { faultsExpected: true },
    );
    context.after(() => proxy.close());
    return new ResponseLane(await Tap.start(context, proxy.port));
  }

  private constructor(tap: Tap) {
    this.tap = tap;
  }

  get summary(): string {
    return `${this.asked} requests, ${this.completed} whole answers, ${this.curls} by curl`;
  }

  /** Several requests of Node's client, on one connection as long as that holds. */
  async converse(requests: number, asksHead: boolean): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const reads = new Map<number, Read[]>();
    const lost = new Set<number>();
    try {
      for (let i = 0; i < requests; i++) {
        const id = String(++this.asked);
        const { port, read, error } = await ask(agent, this.tap.port, asksHead ? 'HEAD' : 'GET', id);
        if (error?.startsWith('HPE_') === true) this.differences.push(`Node could not read an answer: ${error}`);
        if (read === undefined) {
          lost.add(port);
          continue;
        }
        this.judge(id, read);
        reads.set(port, [...(reads.get(port) ?? []), read]);
      }
    } finally {
      agent.destroy();
    }
    for (const [port, list] of reads) this.compare(port, list, lost.has(port));
  }

  /** One request of curl; its exit code says whether the answer was whole. */
  async curl(): Promise<void> {
    this.curls++;
    const id = String(++this.asked);
    const before = this.tap.connections.length;
    const args = ['-s', '-i', '-m', '5', '-H', `X-Case-Id: ${id}`, `${this.tap.url}/`];
    const { code, stdout } = await run(findTool('curl')!, args, { encoding: 'latin1' }).then(
      (done) => ({ code: 0, stdout: done.stdout }),
      (failed: { code: number; stdout: string }) => failed,
    );
    const connection = this.tap.connections[before]!;
    const { final, fault } = finalsOf(connection, 'GET');
    const written = final.at(0);
    if (fault !== undefined) this.differences.push(`${fault}: ${JSON.stringify(connection.back)}`);
    if ((code === 0) !== (written?.complete ?? false)) {
      this.differences.push(`curl ended with ${code}: ${JSON.stringify(connection.back)}`);
    }
    if (code === 0 && !stdout.endsWith(`\r\n\r\n${written!.body}`)) {
      this.differences.push(`curl saw ${JSON.stringify(stdout)} of ${JSON.stringify(connection.back)}`);
    }
  }

  private judge(id: string, read: Read): void {
    if (read.complete) this.completed++;
    if (read.id !== undefined && read.id !== id) this.differences.push(`${id} got the answer to ${read.id}`);
  }

  /** The answers that a client has read on one connection are those that were written there. */
  private compare(port: number, reads: readonly Read[], lost: boolean): void {
    const connection = this.tap.connections.findLast(({ nearPort }) => nearPort === port)!;
    const { final, fault } = finalsOf(connection, reads[0]!.method);
    const say = (what: string) => this.differences.push(`${what}: ${JSON.stringify(connection.back.slice(-1_000))}`);
    if (fault !== undefined) say(fault);
    // What came before the connection broke off is not always read.
    const unread = lost && final.at(-1)?.complete === false ? 1 : 0;
    if (final.length - reads.length > unread) say(`Node read ${reads.length} of ${final.length} answers`);
    if (final.length < reads.length) say(`Node read ${reads.length} answers where ${final.length} were written`);
    for (const [index, read] of reads.entries()) {
      const written = final[index];
      if (written === undefined) break;
      const same =
        Number(written.firstLine.slice(9, 12)) === read.status &&
        written.complete === read.complete &&
        (!read.complete || written.body === read.body);
      if (!same) say(`Node read ${JSON.stringify(read)}`);
    }
  }
}

function finalsOf(
  { back, backEnded }: TapConnection,
  method: string,
): { final: StrictMessage[]; fault: string | undefined } {
  const { messages, fault } = readResponses(back, () => method === 'HEAD', backEnded);
  return { final: messages.filter(({ firstLine }) => !firstLine.startsWith('HTTP/1.1 1')), fault };
}

function ask(
  agent: Agent,
  port: number,
  method: string,
  id: string,
): Promise<{ port: number; read?: Read; error?: string }> {
  return new Promise((resolve) => {
    let local = 0;
    const sent = request({ agent, port, host: '127.0.0.1', method, headers: { 'X-Case-Id': id } });
    sent.on('socket', (socket) => {
      const note = () => {
        local = socket.localPort ?? 0;
      };
      if (socket.connecting) socket.on('connect', note);
      else note();
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve({ port: local, error: error.code ?? error.message }));
    sent.on('response', (response: IncomingMessage) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('error', () => {});
      response.on('close', () => {
        const { statusCode = 0, headers, complete } = response;
        resolve({
          port: local,
          read: { method, status: statusCode, id: headers['x-case-id'] as string, body, complete },
        });
      });
    });
    sent.end();
  });
}
