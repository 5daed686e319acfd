// One request on a connection of its own, with the whole answer: to see whether a proxy is ready and answers rightly.
// Not for measurements.

import { request } from 'node:http';
import { LOOPBACK } from '../lab/free-port.ts';

export interface Question {
  readonly port: number;
  /** Default GET. */
  readonly method?: string;
  /** Default `/`. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Default 10,000. */
  readonly timeoutMs?: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly bodyBytes: number;
  /** The first kibibyte of the body. */
  readonly text: string;
}

export function ask({
  port,
  method = 'GET',
  path = '/',
  headers = {},
  body,
  timeoutMs = 10_000,
}: Question): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: LOOPBACK, port, method, path, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(pieces);
        const text = whole.toString('latin1', 0, 1024);
        resolve({ status: response.statusCode!, headers: response.headers, bodyBytes: whole.length, text });
      });
    });
    outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
