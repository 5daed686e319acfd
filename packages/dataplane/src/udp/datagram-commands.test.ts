// Flows on their way to servers with literals and names: at once, later, not at all, and too late.

import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { NameResolver } from '../upstream/name-resolver.ts';
import { DatagramCommands } from './datagram-commands.ts';

const { ESTALE, ENETUNREACH } = constants.errno;

/** As the datagram transport has them: a flow is undecided until it is connected or refused. */
class Transport {
  readonly undecided = new Set<number>();
  readonly connected = new Map<number, string>();
  errno = 0;

  connectFlow(flow: number, address: string, port: number): number {
    if (!this.undecided.has(flow)) return ESTALE;
    if (this.errno !== 0) return this.errno;
    this.undecided.delete(flow);
    this.connected.set(flow, `${address} ${port}`);
    return 0;
  }

  refuse(flow: number): number {
    return this.undecided.delete(flow) ? 0 : ESTALE;
  }

  closeFlow(flow: number): number {
    return this.connected.delete(flow) ? 0 : ESTALE;
  }
}

type Lookup = (error: NodeJS.ErrnoException | null, addresses: readonly string[]) => void;

function bench() {
  const transport = new Transport();
  const lookups: Lookup[] = [];
  const failed: number[] = [];
  const resolver = new NameResolver((_name, done) => lookups.push(done));
  const commands = new DatagramCommands(transport, resolver, (flow) => failed.push(flow));
  const open = (flow: number, hostname: string) => {
    transport.undecided.add(flow);
    return commands.open(flow, { hostname, port: 53, weight: 1, statusRow: 0 });
  };
  return { transport, lookups, failed, commands, open };
}

describe('flows to servers', () => {
  it('with an address are connected at once, or stay as they are', () => {
    const { transport, open } = bench();
    assert.ok(open(1, '127.0.0.1') && open(2, '::1'));
    assert.deepEqual([...transport.connected.values()], ['127.0.0.1 53', '::1 53']);
    transport.errno = ENETUNREACH;
    assert.equal(open(3, '192.0.2.1'), false);
    assert.ok(transport.undecided.has(3), 'another server may have it');
  });

  it('with a name wait for it, and the next ones do not', () => {
    const { transport, lookups, open } = bench();
    assert.ok(open(1, 'dns.example') && open(2, 'dns.example'));
    assert.deepEqual([lookups.length, transport.connected.size], [1, 0]);
    lookups[0]!(null, ['10.0.0.9']);
    assert.ok(open(3, 'dns.example'));
    assert.deepEqual(
      [...transport.connected],
      [1, 2, 3].map((flow) => [flow, '10.0.0.9 53']),
    );
  });

  it('without an address, or one that cannot be sent to, are over', () => {
    const { transport, lookups, failed, open } = bench();
    open(1, 'gone.example');
    lookups[0]!(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), []);
    open(2, 'far.example');
    transport.errno = ENETUNREACH;
    lookups[1]!(null, ['192.0.2.1']);
    assert.deepEqual([failed, transport.undecided.size], [[1, 2], 0]);
  });

  it('that are over before their name is known do no harm', () => {
    const { transport, lookups, failed, commands, open } = bench();
    open(1, 'slow.example');
    commands.close(1);
    assert.ok(!transport.undecided.has(1));
    lookups[0]!(null, ['10.0.0.9']);
    assert.deepEqual([transport.connected.size, failed], [0, []]);
    open(2, '127.0.0.1');
    commands.close(2);
    commands.refuse(2);
    assert.equal(transport.connected.size, 0);
  });
});
