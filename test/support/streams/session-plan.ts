// What the two sides of one session do, known to both by its number: how much goes which way in which step, who reads slowly, and who
// ends it how. A step begins when both sides have all of the one before, so that short exchanges and bulk follow one another.

import type { RandomSource } from '../../../packages/dataplane/src/testing/schedule/random-source.ts';

export const SESSION_KINDS = ['plain', 'proxied', 'ended', 'passed'] as const;
/** In the clear; with a PROXY header to the server; TLS ended by the proxy; TLS passed through. */
export type SessionKind = (typeof SESSION_KINDS)[number];
export type Side = 'client' | 'server';

export interface Step {
  /** Bytes of the client, and of the server. */
  readonly up: number;
  readonly down: number;
  /** Bytes written at once. */
  readonly piece: number;
}

export interface Reset {
  readonly by: Side;
  readonly step: number;
  readonly share: number;
  /**
   * Not before the other side has read all of it. Node takes a reset for an orderly end when it comes together with bytes (libuv asks
   * the socket no more): only a reset that comes alone says what it was.
   */
  readonly alone: boolean;
}

export interface SessionPlan {
  readonly number: number;
  readonly kind: SessionKind;
  /** PROXY header of the client, with its port. */
  readonly header: 'none' | 'v1' | 'v2';
  readonly headerPort: number;
  readonly steps: readonly Step[];
  readonly slow: Side | undefined;
  readonly ending: Side;
  /** After the other side has ended in order. Only in the clear: Node's TLS cannot finish in one direction and go on in the other. */
  readonly tail: number;
  /** Who breaks it off, in which step, after which share of it. */
  readonly reset: Reset | undefined;
}

const BULK_MAX_BYTES = 3_000_000;
const RESETS = 0.12;
const SLOW = 0.2;

export function isTls({ kind }: Pick<SessionPlan, 'kind'>): boolean {
  return kind === 'ended' || kind === 'passed';
}

export function randomSession(random: RandomSource, number: number): SessionPlan {
  const kind = random.pick(SESSION_KINDS);
  const steps = Array.from({ length: random.whole(1, 5) }, () => someSteps(random)).flat();
  return {
    number,
    kind,
    header:
      kind === 'proxied' ? random.pick(['v1', 'v2'] as const) : random.pick(['none', 'none', 'v1', 'v2'] as const),
    headerPort: random.whole(1_024, 65_535),
    steps,
    slow: random.chance(SLOW) ? someSide(random) : undefined,
    ending: someSide(random),
    tail: isTls({ kind }) ? 0 : random.pick([0, random.whole(1, 2_000), random.whole(1, 400_000)]),
    reset: random.chance(RESETS)
      ? {
          by: someSide(random),
          step: random.whole(0, steps.length - 1),
          share: random.next(),
          alone: random.chance(0.7),
        }
      : undefined,
  };
}

function someSide(random: RandomSource): Side {
  return random.pick(['client', 'server'] as const);
}

/** Short exchanges one after the other, a burst of small pieces, or a lot in one direction or both. */
function someSteps(random: RandomSource): Step[] {
  const bulk = () => random.whole(300_000, BULK_MAX_BYTES);
  const whole = { piece: 256 * 1024 };
  switch (random.whole(0, 7)) {
    case 0:
      return [{ up: bulk(), down: 0, ...whole }];
    case 1:
      return [{ up: 0, down: bulk(), ...whole }];
    case 2:
      return [{ up: bulk(), down: bulk(), ...whole }];
    case 3:
      return [{ up: random.size(200_000), down: random.size(200_000), piece: random.whole(50, 2_000) }];
    default:
      return Array.from({ length: random.whole(1, 40) }, () => ({
        up: random.whole(0, 300),
        down: random.whole(1, 600),
        ...whole,
      }));
  }
}
