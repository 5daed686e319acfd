// Caching, refreshing, failures and sharing of look-ups, with a look-up function under the test's control.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LookupAll, NameResolver } from './name-resolver.ts';

function controlled() {
  const pending: { name: string; done: Parameters<LookupAll>[1] }[] = [];
  const clock = { now: 1_000 };
  const resolver = new NameResolver(
    (name, done) => pending.push({ name, done }),
    () => clock.now,
  );
  return { resolver, pending, clock };
}

describe('name resolver', () => {
  it('knows literals without asking', () => {
    const { resolver, pending } = controlled();
    assert.equal(resolver.cached('127.0.0.1'), '127.0.0.1');
    assert.equal(resolver.cached('::1'), '::1');
    assert.equal(pending.length, 0);
  });

  it('asks once for many waiters and then answers from the cache, addresses in turn', () => {
    const { resolver, pending } = controlled();
    const got: (string | undefined)[] = [];
    assert.equal(resolver.cached('db'), undefined);
    resolver.resolve('db', (address) => got.push(address));
    resolver.resolve('db', (address) => got.push(address));
    assert.equal(pending.length, 1);
    pending[0].done(null, ['10.0.0.1', '10.0.0.2']);
    assert.deepEqual(got.toSorted(), ['10.0.0.1', '10.0.0.2']);
    assert.notEqual(resolver.cached('db'), resolver.cached('db'));
    assert.equal(pending.length, 1);
  });

  it('refreshes an old entry in the background and serves it meanwhile', () => {
    const { resolver, pending, clock } = controlled();
    resolver.resolve('db', () => {});
    pending[0].done(null, ['10.0.0.1']);
    clock.now += 6_000;
    assert.equal(resolver.cached('db'), '10.0.0.1');
    assert.equal(pending.length, 2);
    pending[1].done(null, ['10.0.0.9']);
    assert.equal(resolver.cached('db'), '10.0.0.9');
  });

  it('keeps the last answer through a short outage of the name server, but not for ever', () => {
    const { resolver, pending, clock } = controlled();
    resolver.resolve('db', () => {});
    pending[0].done(null, ['10.0.0.1']);
    clock.now += 6_000;
    resolver.cached('db');
    pending[1].done(Object.assign(new Error('down'), { code: 'EAI_AGAIN' }), []);
    assert.equal(resolver.cached('db'), '10.0.0.1');
    clock.now += 60_000;
    assert.equal(resolver.cached('db'), undefined);
  });

  it('tells every waiter why a name has no address', () => {
    const { resolver, pending } = controlled();
    const codes: string[] = [];
    resolver.resolve('nowhere', (address, code) => codes.push(`${address} ${code}`));
    pending[0].done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []);
    assert.deepEqual(codes, ['undefined ENOTFOUND']);
  });
});
