// Services of streams through reloads: what is kept, what is made anew, and that what is part of others is the same one.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isProblem, type PickerServer } from '@sluice/balancing';
import { STREAM_SERVICE_LEVELS_MAX } from '@sluice/config';
import { ServerHealth, ServerStatus } from '@sluice/shared-state';
import {
  type StreamServerRecord,
  type StreamServersRecord,
  type StreamServiceRecord,
  StreamServices,
} from './stream-services.ts';

type Servers = StreamServersRecord<StreamServerRecord>;
type Record = StreamServiceRecord<Servers>;

function bench() {
  const status = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(10, 1)), 1);
  for (let row = 0; row < 10; row++) status.setHealth(row, ServerHealth.UP);
  let made = 0;
  const services = new StreamServices<Servers, PickerServer>({
    status,
    now: () => 0,
    makeServers: ({ servers }) => {
      made++;
      return servers;
    },
  });
  const under = (...records: Record[]) => {
    const revision = services.under((index) => records[index]);
    return (index: number) => {
      const service = revision.obtain(index);
      assert.ok(!isProblem(service));
      return service;
    };
  };
  return { services, under, madeCount: () => made };
}

const servers = (
  name: string,
  rows: readonly number[],
  hash = 'h',
  strategy: Servers['strategy'] = 'wrr',
): Servers => ({
  kind: 'servers',
  name,
  hash,
  strategy,
  servers: rows.map((statusRow) => ({ address: `10.0.0.${statusRow}:1`, weight: 1, statusRow })),
});

const weighted = (name: string, hash: string, ...weights: readonly number[]): Record => ({
  kind: 'weighted',
  name,
  hash,
  children: weights.map((weight, service) => ({ service, weight })),
});

describe('services of streams', () => {
  it('keep their turns through reloads, though their place in the snapshot changes', () => {
    const { under, madeCount } = bench();
    const seen = new Set<number>();
    for (let reload = 0; reload < 4; reload++) {
      const other = servers(`other${reload}`, [9]);
      const of = under(
        ...(reload % 2 === 0 ? [servers('a', [0, 1, 2, 3]), other] : [other, servers('a', [0, 1, 2, 3])]),
      );
      seen.add(of(reload % 2).pick()!.statusRow);
    }
    assert.deepEqual([seen.size, madeCount()], [4, 1]);
  });

  it('are made anew when their settings or the rows of their servers have changed', () => {
    const { under } = bench();
    const first = under(servers('a', [0, 1]))(0);
    assert.equal(under(servers('a', [0, 1]))(0), first);
    assert.notEqual(under(servers('a', [0, 1], 'h2'))(0), first);
    assert.notEqual(under(servers('a', [0, 2], 'h2'))(0), first);
  });

  it('made of others are kept with all their parts, and made anew with any of them', () => {
    const { under } = bench();
    const of = under(servers('a', [0]), servers('b', [1]), weighted('w', 'h', 9, 1));
    const again = under(servers('a', [0]), servers('b', [1]), weighted('w', 'h', 9, 1));
    assert.equal(again(2), of(2));
    const rows = new Set<number>();
    for (let reload = 0; reload < 20; reload++) {
      rows.add(under(servers('a', [0]), servers('b', [1]), weighted('w', 'h', 9, 1))(2).pick()!.statusRow);
    }
    assert.deepEqual(rows, new Set([0, 1]), 'the light one has its turn, however often reloads come');
    const changed = under(servers('a', [0]), servers('b', [5], 'h2'), weighted('w', 'h', 9, 1));
    assert.notEqual(changed(2), of(2));
    assert.equal(changed(0), of(0));
  });

  it('are nested as deep as configurations may nest them', () => {
    const { under } = bench();
    const records: Record[] = [servers('s0', [0])];
    for (let inside = 0; records.length < STREAM_SERVICE_LEVELS_MAX; inside++) {
      records.push({ kind: 'weighted', name: `s${inside + 1}`, hash: 'h', children: [{ service: inside, weight: 1 }] });
    }
    assert.equal(under(...records)(STREAM_SERVICE_LEVELS_MAX - 1).pick()!.statusRow, 0);
  });

  it('that fail over use the services that others use', () => {
    const { under } = bench();
    const of = under(servers('a', [0]), servers('b', [1]), {
      kind: 'failover',
      name: 'f',
      hash: 'h',
      service: 0,
      fallback: 1,
    });
    assert.equal(of(2).pick()!.statusRow, 0);
    assert.equal(of(2).depth, 2);
  });

  it('are forgotten when nothing has them any more', () => {
    const { services, under, madeCount } = bench();
    under(servers('a', [0]))(0);
    services.keepOnly(new Set(['a']));
    under(servers('a', [0]))(0);
    services.keepOnly(new Set());
    under(servers('a', [0]))(0);
    assert.equal(madeCount(), 2);
  });

  it('prepare large tables between turns, and work before that', async () => {
    const { under } = bench();
    const service = under(servers('m', [0, 1, 2], 'h', 'maglev'))(0);
    const key = Uint8Array.of(10, 0, 0, 1);
    const own = service.pick(key);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(service.pick(key), own);
  });
});
