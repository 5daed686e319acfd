// One Sluice in front of one foreign parser, with everything between them recorded: sends hostile bytes and says afterwards
// whether both have understood the same.

import { METHODS } from 'node:http';
import type { TestContext } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Verdict } from '@sluice/middlewares';
import { probes } from '../../packages/dataplane/src/testing/probe-middleware.ts';
import { type ProxyUnderTest, startProxy } from '../../packages/dataplane/src/testing/proxy-under-test.ts';
import { seenOf } from './collector.ts';
import type { RequestParser } from './request-parsers.ts';
import { fieldValue, readRequests, type StrictMessage } from './strict-messages.ts';
import { Tap, type TapConnection } from './tap.ts';

/** A client that waits for more is given up then. */
const PATIENCE_MS = 100;
/** Ends a connection whose requests were all whole. */
const LAST = 'GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';

/** What a parser refuses although it is well formed. */
interface Excuse {
  readonly parser: RequestParser['name'];
  readonly status: string;
  readonly reason: string;
  readonly applies: (request: StrictMessage) => boolean;
}

const EXCUSES: readonly Excuse[] = [
  {
    parser: 'node',
    status: '400',
    reason: 'knows a fixed list of methods',
    applies: (request) => !METHODS.includes(methodOf(request)),
  },
  {
    parser: 'nginx',
    status: '400',
    reason: 'knows methods of capital letters only',
    applies: (request) => !/^[A-Z_-]+$/.test(methodOf(request)),
  },
  {
    parser: 'nginx',
    status: '405',
    reason: 'never passes TRACE on',
    applies: (request) => methodOf(request) === 'TRACE',
  },
  {
    parser: 'nginx',
    status: '400',
    reason: 'takes names of hosts with two dots in a row for paths; they are legal (RFC 3986 §3.2.2)',
    applies: (request) => fieldValue(request, 'host')?.includes('..') === true,
  },
  {
    parser: 'nginx',
    status: '400',
    reason: 'decodes paths and refuses NUL in them',
    applies: ({ firstLine }) => firstLine.includes('%00'),
  },
  {
    parser: 'nginx',
    status: '400',
    reason: 'wants fields but once that are lists, and may be repeated (RFC 9110 §5.3)',
    applies: ({ fields }) => fields.filter(([name]) => name === 'expect').length > 1,
  },
  {
    parser: 'haproxy',
    status: '400',
    reason: 'wants a key in each upgrade to websocket (RFC 6455 §4.2.1)',
    applies: (request) => fieldValue(request, 'upgrade') !== undefined,
  },
];

export class RequestLane {
  sent = 0;
  /** Requests. */
  compared = 0;
  private readonly parser: RequestParser;
  private readonly tap: Tap;
  private readonly proxy: ProxyUnderTest;
  /** Method of each request that Sluice has routed, by the number that it was given. */
  private readonly routed: Map<string, string>;

  static async start(context: TestContext, parser: RequestParser): Promise<RequestLane> {
    const tap = await Tap.start(context, parser.port);
    const routed = new Map<string, string>();
    const mark = {
      ignoresForwardedFields: true,
      onRequest({ request }: { request: { method: string; set(name: string, value: string): void } }) {
        const id = String(routed.size + 1);
        routed.set(id, request.method);
        request.set('X-Case-Id', id);
        return Verdict.NEXT;
      },
    };
    const proxy = await startProxy(() => {}, { serverUrl: tap.url, faultsExpected: true, ...probes({ mark }) });
    context.after(() => proxy.close());
    return new RequestLane(parser, tap, proxy, routed);
  }

  private constructor(parser: RequestParser, tap: Tap, proxy: ProxyUnderTest, routed: Map<string, string>) {
    this.parser = parser;
    this.tap = tap;
    this.proxy = proxy;
    this.routed = routed;
  }

  async send(text: string): Promise<void> {
    this.sent++;
    const client = await this.proxy.client();
    client.write(text + LAST);
    const deadline = Date.now() + PATIENCE_MS;
    while (!client.ended && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2));
    // An end in order would leave us waiting for a parser that keeps silent, as Node's does after some broken requests.
    client.socket.resetAndDestroy();
  }

  /** @returns every difference, in words; none is the aim. */
  async differences(): Promise<string[]> {
    await this.proxy.untilQuiet().catch((error: Error) => {
      const silent = this.tap.connections
        .filter(({ openEnd }) => openEnd)
        .map(({ forth, back }) => ({ forth, back: back.slice(-200) }));
      throw new Error(`${this.parser.name}: ${error.message}\n${JSON.stringify(silent, null, 1)}`);
    });
    // What is on its way through the parser to the collector.
    const { name, collector } = this.parser;
    for (let before = -1; before !== collector.count; ) {
      before = collector.count;
      await new Promise((resolve) => setTimeout(resolve, 4 * PATIENCE_MS));
    }
    const found = collector.faults.map((fault) => `${name} wrote what nobody should: ${fault}`);
    for (const connection of this.tap.connections) found.push(...this.differencesOf(connection));
    const ports = new Set(this.tap.connections.map(({ port }) => port));
    for (const [port, { length }] of collector.seen) {
      this.compared += length;
      if (!ports.has(port)) found.push(`a request came from nowhere (${port})`);
    }
    return found;
  }

  /** The parser knows connections by their ports, and these come back after a while: from time to time all begin anew. */
  forget(): void {
    this.tap.closeAll();
    this.parser.collector.seen.clear();
  }

  private differencesOf(connection: TapConnection): string[] {
    const { name, collector } = this.parser;
    const { messages, fault } = readRequests(connection.forth);
    const say = (what: string) => `${name}: ${what}; sent ${JSON.stringify(connection.forth.slice(-700))}`;
    if (fault !== undefined) return [say(`we wrote what nobody should: ${fault}`)];
    const sent = messages.filter(({ complete }) => complete).map(seenOf);
    const seen = collector.seen.get(connection.port) ?? [];
    const refusal = [...connection.back.matchAll(/(?:^|\r\n\r\n|ok)HTTP\/1\.\d ([3-5]\d\d) /g)].at(0)?.[1];
    const refused = refusal === undefined ? undefined : messages[seen.length];
    const found: string[] = [];
    if (refusal !== undefined && !this.isExcused(refusal, refused)) found.push(say(`it answered ${refusal}`));
    if (!isDeepStrictEqual(seen, sent.slice(0, seen.length))) found.push(say(`it saw ${JSON.stringify(seen)}`));
    // The last one may have been given up with the client before it was answered.
    if (sent.length - seen.length > 1) found.push(say(`it saw ${seen.length} of ${sent.length} requests`));
    for (const { id = '', method } of seen) {
      if (this.routed.get(id) !== method) found.push(say(`a request ${method} with number ${id} was never routed`));
    }
    return found;
  }

  private isExcused(status: string, refused: StrictMessage | undefined): boolean {
    // Broken off by us: some parsers say so.
    if (refused?.complete === false) return true;
    return EXCUSES.some(
      ({ parser, status: excused, applies }) =>
        parser === this.parser.name && excused === status && refused !== undefined && applies(refused),
    );
  }
}

function methodOf({ firstLine }: StrictMessage): string {
  return firstLine.slice(0, firstLine.indexOf(' '));
}
