// gate: lets requests with a known ticket in, bounds their bodies, and signs text answers with a line of its own.
// The worked example of docs/extending/middleware-interface.md; it shows every hook and is no access control to rely on.

import {
  type BodyTransform,
  type Exchange,
  type Middleware,
  type MiddlewareType,
  plainAnswer,
  textAnswer,
  Verdict,
  type VerdictValue,
} from '@sluice/middlewares';
import { z } from 'zod';

const gateOptions = z.object({
  ticketSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: 'must be 64 hexadecimal digits' })
    .describe('SHA-256 of the ticket, in lower-case hexadecimal digits. Required.'),
  bodyMaxBytes: z.int().min(0).default(1_048_576).describe('Longest request body that is let through.'),
  signature: z.string().default('').describe('Line behind the body of text answers; empty: none.'),
});
type GateOptions = z.infer<typeof gateOptions>;

export const gate: MiddlewareType<GateOptions> = {
  type: 'gate',
  schema: gateOptions,
  create: (options) => new Gate(options),
};

class Gate implements Middleware {
  private readonly ticketSha256: string;
  private readonly bodyMaxBytes: number;
  private readonly signature: Buffer;

  // Once per router and revision: everything that does not depend on the request is prepared here.
  constructor({ ticketSha256, bodyMaxBytes, signature }: GateOptions) {
    this.ticketSha256 = ticketSha256;
    this.bodyMaxBytes = bodyMaxBytes;
    this.signature = Buffer.from(signature === '' ? '' : `\n${signature}\n`);
  }

  onRequest(exchange: Exchange): VerdictValue {
    const ticket = exchange.request.get('x-ticket');
    if (ticket === undefined) {
      exchange.answer(textAnswer(401, [['WWW-Authenticate', 'Ticket']]));
      return Verdict.ANSWERED;
    }
    exchange.request.remove('x-ticket');
    void this.decide(exchange, ticket);
    return Verdict.SUSPENDED;
  }

  // Calls `answer` or `resume` exactly once on every path, also when the work fails.
  private async decide(exchange: Exchange, ticket: string): Promise<void> {
    try {
      if ((await sha256(ticket)) === this.ticketSha256) exchange.resume();
      else exchange.answer(textAnswer(403));
    } catch {
      exchange.answer(plainAnswer(500, 'the ticket could not be checked'));
    }
  }

  requestBody(): BodyTransform {
    return new BodyLimit(this.bodyMaxBytes);
  }

  onResponse({ response }: Exchange): void {
    response.set('X-Gate', 'passed');
  }

  // Undefined leaves the body to the kernel: ask for it only when there is something to change.
  responseBody({ response }: Exchange): BodyTransform | undefined {
    const isText = response.get('content-type')?.startsWith('text/') === true;
    return isText && this.signature.length > 0 ? new Signed(this.signature) : undefined;
  }
}

/** Passes bytes through and ends the exchange when they become too many. */
class BodyLimit implements BodyTransform {
  private left: number;

  constructor(bodyMaxBytes: number) {
    this.left = bodyMaxBytes;
  }

  push(chunk: Uint8Array): Uint8Array {
    this.left -= chunk.length;
    if (this.left < 0) throw new Error('the request body is too long');
    return chunk;
  }
}

/** Passes bytes through and adds its own behind the last. */
class Signed implements BodyTransform {
  private readonly signature: Buffer;

  constructor(signature: Buffer) {
    this.signature = signature;
  }

  push(chunk: Uint8Array, last: boolean): Uint8Array {
    return last ? Buffer.concat([chunk, this.signature]) : chunk;
  }
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Buffer.from(digest).toString('hex');
}
