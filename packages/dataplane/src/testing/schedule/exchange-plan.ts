// What one exchange of a random schedule does on both sides: client and server look it up by the number in its target.
// Plans only: it opens no connection and judges no outcome.

import { randomBytes } from 'node:crypto';
import type { RandomSource } from './random-source.ts';

export type End = 'fin' | 'reset';

export interface ExchangePlan {
  readonly id: number;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly upgrade: boolean;
  readonly expects: boolean;
  readonly requestFraming: 'none' | 'length' | 'chunked';
  readonly requestBody: Buffer;
  readonly status: number;
  readonly interim: number;
  readonly responseFraming: 'none' | 'length' | 'chunked' | 'close';
  readonly responseBody: Buffer;
  /** The server answers without waiting for the request's body; it goes on reading. */
  readonly early: boolean;
  /** Where the server gives up: it never, in its head, in its body; or at the end, when the answer is complete. */
  readonly serverFails: 'never' | 'before' | 'head' | 'body' | 'after';
  readonly serverEnd: End;
  /** Milliseconds before the server answers. */
  readonly thinks: number;
  /** The client leaves when it has sent, or received, this share of everything; undefined: it does not. */
  readonly clientLeaves:
    | { readonly when: 'sending' | 'receiving'; readonly share: number; readonly how: End }
    | undefined;
  readonly closes: boolean;
  /** Lengths of the pieces in which each side writes, repeated. */
  readonly pieces: readonly number[];
}

const BODY_MAX = 300 * 1024;
const BYTES = randomBytes(2 * BODY_MAX);

export function randomPlan(random: RandomSource, id: number): ExchangePlan {
  const upgrade = random.chance(0.06);
  const method = upgrade ? 'GET' : random.pick(['GET', 'GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT'] as const);
  const sends = method === 'POST' || method === 'PUT';
  const requestFraming = upgrade || !sends ? 'none' : random.pick(['none', 'length', 'length', 'chunked'] as const);
  const status = random.pick([200, 200, 200, 200, 404, 500, 204, 304]);
  const bodyless = status === 204 || status === 304 || method === 'HEAD';
  const responseFraming = bodyless ? 'none' : random.pick(['length', 'length', 'chunked', 'close'] as const);
  const serverFails = random.chance(0.15) ? random.pick(['before', 'head', 'body', 'after'] as const) : 'never';
  return {
    id,
    method,
    upgrade,
    expects: requestFraming !== 'none' && random.chance(0.15),
    requestFraming,
    requestBody: upgrade || requestFraming !== 'none' ? someBytes(random) : Buffer.alloc(0),
    status,
    interim: random.chance(0.1) ? random.whole(1, 3) : 0,
    responseFraming,
    responseBody: bodyless ? Buffer.alloc(0) : someBytes(random),
    early: requestFraming !== 'none' && random.chance(0.15),
    serverFails: serverFails === 'body' && bodyless ? 'head' : serverFails,
    // A response that the end of the connection ends looks complete after FIN: only a reset can break it off.
    serverEnd:
      responseFraming === 'close' && serverFails !== 'after' ? 'reset' : random.pick(['fin', 'reset'] as const),
    thinks: random.chance(0.3) ? random.whole(0, 8) : 0,
    clientLeaves: random.chance(0.12)
      ? {
          when: random.pick(['sending', 'receiving'] as const),
          share: random.next(),
          how: random.pick(['fin', 'reset'] as const),
        }
      : undefined,
    closes: random.chance(0.05),
    pieces: Array.from({ length: random.whole(1, 4) }, () => 1 + random.size(100_000)),
  };
}

function someBytes(random: RandomSource): Buffer {
  const length = random.size(BODY_MAX);
  return BYTES.subarray(random.whole(0, BODY_MAX)).subarray(0, length);
}

/** A body as its framing puts it on the wire. Chunks are as long as the plan's pieces. */
export function framed(framing: ExchangePlan['responseFraming'], body: Buffer, pieces: readonly number[]): Buffer {
  if (framing === 'none') return Buffer.alloc(0);
  if (framing !== 'chunked') return body;
  const parts: Buffer[] = [];
  for (let at = 0, i = 0; at < body.length; i++) {
    const chunk = body.subarray(at, at + pieces[i % pieces.length]!);
    parts.push(
      Buffer.from(`${chunk.length.toString(16)}${i % 3 === 0 && i < 300 ? ';x=y' : ''}\r\n`),
      chunk,
      Buffer.from('\r\n'),
    );
    at += chunk.length;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}
