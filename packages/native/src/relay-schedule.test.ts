// Random schedules of two peers through relays of every manner, plain and with TLS on either side: each stream arrives as it was sent,
// and so does each end. Sizes, pauses, slow readers, half-closes, resets and small buffers vary; the last in a network of their own.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { enterOwnNetwork, setNetworkControl } from '../test/own-network.ts';
import { SCHEDULE_RUNS } from '../test/schedule.ts';
import { serverContext, TlsHarness } from '../test/tls-harness.ts';
import { type Plan, type Talker, type TwoWay, talk } from '../test/two-way.ts';
import { RELAY_COPY, RELAY_SPLICE } from './index.ts';

enterOwnNetwork();

const MANNERS = { auto: 0, copy: RELAY_COPY, splice: RELAY_SPLICE } as const;
const LAYERS = ['plain to plain', 'TLS to plain', 'plain to TLS'] as const;
type Layer = (typeof LAYERS)[number];

/** The kernel's, and as small as loopback still works with. */
const BUFFERS = {
  usual: ['4096 131072 6291456', '4096 16384 4194304'],
  small: ['4096 4096 4096', '4096 4096 4096'],
} as const;
type Buffers = keyof typeof BUFFERS;

/** Small exchanges and bulk in turns, so that relays change their manner. */
const write = (most: number) =>
  fc.record({
    bytes: fc.oneof(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 20_000 }),
      fc.integer({ min: 1, max: most }),
    ),
    pauseMs: fc.constantFrom(0, 0, 0, 1, 5),
  });

const plan = (most: number, endings: readonly Plan['ending'][]): fc.Arbitrary<Plan> =>
  fc.record({
    writes: fc.array(write(most), { maxLength: 6 }),
    standstills: fc.array(fc.nat(most), { maxLength: 5 }),
    ending: fc.constantFrom(...endings),
  });

function scenario(layer: Layer, most: number): fc.Arbitrary<Omit<TwoWay, 'manner'>> {
  const shape = { seed: fc.integer({ min: 1, max: 1e6 }), early: fc.constantFrom(0, 1, 500, 30_000) };
  const of = (left: readonly Plan['ending'][], right: readonly Plan['ending'][]) =>
    fc.record({ ...shape, left: plan(most, left), right: plan(most, right) });
  // Node's TLS cannot finish in one direction and go on in the other: it ends last.
  if (layer === 'TLS to plain') return fc.oneof(of(['last'], ['own']), of(['last'], ['reset']));
  if (layer === 'plain to TLS') return fc.oneof(of(['own'], ['last']), of(['reset'], ['last']));
  return fc.oneof(
    of(['own'], ['own', 'last']),
    of(['last'], ['own']),
    of(['reset'], ['own', 'reset']),
    of(['own', 'last'], ['reset']),
  );
}

function use(buffers: Buffers): void {
  const [receive, send] = BUFFERS[buffers];
  setNetworkControl('ipv4/tcp_rmem', receive);
  setNetworkControl('ipv4/tcp_wmem', send);
}

const context = serverContext();

interface Moved {
  readonly moved: number | undefined;
  readonly spliced: number;
}

/** @returns bytes that were relayed, undefined if the end of a relay was not told, and those of them that were spliced */
async function run(layer: Layer, buffers: Buffers, plans: TwoWay): Promise<Moved> {
  use(buffers);
  const h = new TlsHarness({ queueMaxBytes: 1 << 20 });
  try {
    if (layer === 'TLS to plain') h.choose = () => context;
    const port = h.listen();
    const left: Talker =
      layer === 'TLS to plain'
        ? { ...(await h.tlsAccepted(port)), isTls: true }
        : { ...(await h.accepted(port)), isTls: false };
    const right: Talker =
      layer === 'plain to TLS'
        ? { ...(await h.tlsConnected()), isTls: true }
        : { ...(await h.connected()), isTls: false };
    const moved = await talk(h, left, right, plans);
    return { moved, spliced: h.transport.splicedBytes };
  } finally {
    h.close();
  }
}

for (const buffers of ['usual', 'small'] as const) {
  describe(`two peers with ${buffers} buffers`, () => {
    for (const layer of LAYERS) {
      for (const [manner, flags] of Object.entries(MANNERS)) {
        it(`lose nothing: ${layer}, ${manner}`, { timeout: 120_000 }, async () => {
          const arbitrary = scenario(layer, buffers === 'usual' ? 700_000 : 40_000);
          let splicedInAll = 0;
          await fc.assert(
            fc.asyncProperty(arbitrary, async (plans) => {
              const { moved, spliced } = await run(layer, buffers, { ...plans, manner: flags });
              splicedInAll += spliced;
              if (manner === 'copy' || layer !== 'plain to plain') assert.equal(spliced, 0);
              else if (manner === 'splice' && moved !== undefined) assert.equal(spliced, moved);
            }),
            { ...SCHEDULE_RUNS, numRuns: 12 },
          );
          if (manner === 'auto' && layer === 'plain to plain' && buffers === 'usual')
            assert.ok(splicedInAll > 0, 'some became bulk');
        });
      }
    }
  });
}
