// A steady load over keep-alive connections that knows the fate of every request: sent is answered plus failed plus what
// is in flight. A connection that ends is replaced by a new one with the next request.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, LoadConnection, type Phase } from './load-connection.ts';

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Default `/`. */
  readonly path?: string;
  readonly method?: 'GET' | 'POST';
  /** Sent with a Content-Length. Default none. */
  readonly body?: string;
  /** Between an answer and the next request of a connection. Default 10 ms. */
  readonly pauseMs?: number;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  /** Is this answer right? Default: status 200. */
  readonly accepts?: (answer: Answer) => boolean;
  readonly onAnswer?: (answer: Answer) => void;
  /** A new connection for each request. Default false. */
  readonly fresh?: boolean;
}

export interface Failure {
  /** `performance.now()` when it was sent, and when it failed. */
  readonly sentAt: number;
  readonly at: number;
  readonly phase: Phase | 'answered';
  /** A system's error code, `closed`, `timeout`, or what was wrong with the answer. */
  readonly reason: string;
  /** Of the client's end of the connection; 0 when it was never connected. */
  readonly port: number;
  /** Which request of its connection, from 1. */
  readonly turn: number;
}

const MORE_TIMEOUT_MS = 60_000;

export class LoadClients {
  sent = 0;
  answered = 0;
  inFlight = 0;
  /** Connections made, successful or not. */
  connections = 0;
  readonly failures: Failure[] = [];
  private readonly options: LoadOptions;
  private readonly request: string;
  private readonly open = new Set<LoadConnection>();
  private readonly loops: Promise<void>[];
  private running = true;

  constructor(options: LoadOptions) {
    this.options = options;
    this.request = requestText(options);
    this.loops = Array.from({ length: options.connections }, (_, index) => this.loop(index));
  }

  /** Resolves after so many more answers. @throws Error when they do not come in time. */
  async more(answers: number, timeoutMs = MORE_TIMEOUT_MS): Promise<void> {
    const goal = this.answered + answers;
    const deadline = performance.now() + timeoutMs;
    while (this.answered < goal) {
      if (performance.now() > deadline || !this.running) {
        throw new Error(`too few answers: ${this.summary}; last: ${JSON.stringify(this.failures.slice(-3))}`);
      }
      await sleep(5);
    }
  }

  /** Ports of the connections that are open now. */
  get ports(): number[] {
    return [...this.open].map(({ port }) => port);
  }

  /** Waits for the answers to what has been sent. Every request has its fate then. */
  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  /** One line for reports. */
  get summary(): string {
    const { sent, answered, connections, failures } = this;
    return `${sent} sent, ${answered} answered, ${failures.length} failed, ${connections} connections`;
  }

  private async loop(index: number): Promise<void> {
    const { pauseMs = 10, connections } = this.options;
    // Spread, so that the connections do not march in step.
    await sleep((pauseMs * index) / connections);
    let connection: LoadConnection | undefined;
    while (this.running) {
      if (connection !== undefined && (!connection.isUsable || this.options.fresh)) this.drop(connection);
      if (connection === undefined || !this.open.has(connection)) connection = this.connect();
      await this.once(connection);
      if (pauseMs > 0) await sleep(pauseMs);
    }
    // At once: others may wait for its place.
    if (connection !== undefined) this.drop(connection);
  }

  private connect(): LoadConnection {
    const connection = new LoadConnection(this.options.port);
    this.connections++;
    this.open.add(connection);
    return connection;
  }

  private drop(connection: LoadConnection): void {
    connection.close();
    this.open.delete(connection);
  }

  private async once(connection: LoadConnection): Promise<void> {
    const { timeoutMs = 30_000, accepts = ({ status }) => status === 200, onAnswer } = this.options;
    const sentAt = performance.now();
    this.sent++;
    this.inFlight++;
    const outcome = await connection.request(this.request, timeoutMs);
    this.inFlight--;
    const fail = (phase: Failure['phase'], reason: string) => {
      const { port, requests } = connection;
      this.failures.push({ sentAt, at: performance.now(), phase, reason, port, turn: requests });
    };
    if ('reason' in outcome) {
      fail(outcome.phase, outcome.reason);
      return;
    }
    onAnswer?.(outcome);
    if (accepts(outcome)) this.answered++;
    else fail('answered', `status ${outcome.status}: ${outcome.body.slice(0, 80)}`);
  }
}

function requestText({ path = '/', method = 'GET', body }: LoadOptions): string {
  const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${length}\r\n${body ?? ''}`;
}
