// An exchange for tests of middlewares: real heads filled by the real parsers, and the rules of the interface enforced.
// Runs no middleware itself (see run-exchange.ts) and knows no connections.

import {
  DEFAULT_HEAD_LIMITS,
  HeadError,
  normalizePath,
  parseRequestHead,
  parseResponseHead,
  RequestHead,
  ResponseHead,
  sanitizePath,
} from '@sluice/protocols';
import type { Answer } from '../interface/answer.ts';
import type { Exchange } from '../interface/exchange.ts';

export interface TestRequest {
  /** Default GET. */
  readonly method?: string;
  /** As in the request line. Default `/`. */
  readonly target?: string;
  /** Default `example.com`; null: none (the request is then HTTP/1.0). */
  readonly host?: string | null;
  /** Further fields, one per line. */
  readonly fields?: readonly (readonly [string, string])[];
  /** Default false. */
  readonly secure?: boolean;
  /** Default 192.0.2.1. */
  readonly clientIp?: string;
  /** False: the path stays as received, as with `sanitizePath: false` of an entry point. Default true. */
  readonly sanitizePath?: boolean;
  /** DER. Default: none. */
  readonly clientCertificates?: readonly Buffer[];
}

const NO_BYTES = Buffer.alloc(0);

export class TestExchange implements Exchange {
  readonly request = new RequestHead(NO_BYTES);
  readonly response = new ResponseHead(NO_BYTES);
  readonly secure: boolean;
  readonly clientIp: string;
  private readonly certificates: readonly Buffer[];
  /** What a middleware answered, if one did. */
  answered: Answer | undefined;
  forwardedForSuppressed = false;
  /** Calls of `resume` so far. */
  resumed = 0;
  private decide: () => void = () => {};

  /** @throws Error when the request would not get past the parser. */
  constructor(request: TestRequest = {}) {
    this.secure = request.secure ?? false;
    this.clientIp = request.clientIp ?? '192.0.2.1';
    this.certificates = request.clientCertificates ?? [];
    this.parse(request);
  }

  clientCertificates(): readonly Buffer[] {
    return this.certificates;
  }

  answer(answer: Answer): void {
    if (this.answered !== undefined) throw new Error('the exchange has been answered already');
    this.answered = answer;
    this.decide();
  }

  suppressForwardedFor(): void {
    this.forwardedForSuppressed = true;
  }

  resume(): void {
    this.resumed++;
    this.decide();
  }

  /** Resolves with the next `resume` or `answer`. Call it before the middleware that may suspend. */
  decision(): Promise<void> {
    return new Promise((resolve) => {
      this.decide = resolve;
    });
  }

  /** Puts a server's answer into `response`. @throws Error when it would not get past the parser. */
  receive(status: number, fields: readonly (readonly [string, string])[] = []): void {
    const head = Buffer.from(`HTTP/1.1 ${status} \r\n${lines(fields)}\r\n`, 'latin1');
    refuseError(parseResponseHead(this.response, head, 0, head.length, DEFAULT_HEAD_LIMITS));
  }

  /** Puts the proxy's own answer into `response`, as the data path does before response hooks run. */
  receiveAnswer(answer: Answer): void {
    const length = Buffer.byteLength(answer.body);
    this.receive(answer.status, [...answer.fields, ['Content-Length', String(length)]]);
  }

  private parse({ method = 'GET', target = '/', host = 'example.com', fields = [], ...rest }: TestRequest): void {
    const version = host === null ? '1.0' : '1.1';
    const all = host === null ? fields : [['Host', host] as const, ...fields];
    const head = Buffer.from(`${method} ${target} HTTP/${version}\r\n${lines(all)}\r\n`, 'latin1');
    refuseError(parseRequestHead(this.request, head, 0, head.length, DEFAULT_HEAD_LIMITS));
    const normalized = normalizePath(this.request.path);
    if (normalized === undefined) throw new Error(`the entry point would refuse the path ${this.request.path}`);
    const path = rest.sanitizePath === false ? normalized : sanitizePath(normalized);
    if (path !== this.request.path) this.request.setPath(path);
  }
}

function lines(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

function refuseError(result: number): void {
  if (result > 0) return;
  const name = Object.entries(HeadError).find(([, value]) => value === result)?.[0] ?? 'incomplete';
  throw new Error(`the parser refuses this head: ${name}`);
}
