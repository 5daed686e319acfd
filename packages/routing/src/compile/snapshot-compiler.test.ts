import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { closeDescriptor, mapReadOnly } from '@sluice/native';
import { compilationInput, router, rowsOf, service } from '../../test/support/test-configuration.ts';
import { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { verifySnapshot } from '../snapshot/snapshot-verification.ts';
import compileTask, { type CompiledSnapshot } from './compile-thread.ts';
import { deltaBetween, EMPTY_STATE } from './configuration-delta.ts';
import { SnapshotCompiler } from './snapshot-compiler.ts';

function read({ memory }: CompiledSnapshot): { revision: number; rules: string[] } {
  const map = mapReadOnly(memory.descriptor);
  try {
    const reader = SnapshotReader.open(map.unsafeBytes());
    verifySnapshot(reader);
    const rules = Array.from({ length: reader.routerCount }, (_, index) => reader.router(index).rule);
    return { revision: reader.revision, rules };
  } finally {
    map.unmap();
    closeDescriptor(memory.descriptor);
  }
}

describe('SnapshotCompiler', () => {
  const input = compilationInput({});
  let compiler: SnapshotCompiler;
  before(() => {
    compiler = new SnapshotCompiler(input);
  });
  after(() => compiler.close());

  const request = (revision: number, rules: readonly string[]) => {
    const routers = Object.fromEntries(rules.map((rule, index) => [`r${index}@file`, router(rule)]));
    const http = { ...input.http, routers };
    return { revision, http, rows: rowsOf(http) };
  };

  it('compiles in order, into sealed memory', async () => {
    const results = await Promise.all([
      compiler.compile(request(1, ['Path(`/a`)'])),
      compiler.compile(request(2, ['Path(`/a`)', 'Path(`/bb`)'])),
      compiler.compile(request(3, ['Path(`/bb`)', 'broken'])),
    ]);
    assert.deepEqual(results.map(read), [
      { revision: 1, rules: ['Path(`/a`)'] },
      { revision: 2, rules: ['Path(`/bb`)', 'Path(`/a`)'] },
      { revision: 3, rules: ['Path(`/bb`)'] },
    ]);
    assert.deepEqual(
      results.map(({ diagnostics }) => diagnostics.length),
      [0, 0, 1],
    );
    assert.equal(results[2]!.counts.routersRefused, 1);
    assert.ok(results[0]!.durations.writeMs > 0);
  });

  it('takes along which TLS options cannot be used, without anything else having changed', async () => {
    const services = { 's@file': service([]) };
    const secured = router('Host(`a`)', { tls: { options: 'x@file', certResolver: '', domains: [] } });
    const http = { ...input.http, services, routers: { 'r@file': secured } };
    const unusable = { routers: new Set(['r@file']), entryPoints: new Set<string>() };
    const request = { http, rows: new Map() };
    const served = compiler.compile({ ...request, revision: 10 });
    const closed = compiler.compile({ ...request, revision: 11, tls: { unusable } });
    const again = compiler.compile({ ...request, revision: 12 });
    const rules = (await Promise.all([served, closed, again])).map((each) => read(each).rules);
    assert.deepEqual(rules, [['Host(`a`)'], [], ['Host(`a`)']]);
  });

  it('goes on after a configuration without rows for its servers', async () => {
    const good = request(4, ['Path(`/c`)']);
    const services = { 's@file': service(['http://10.9.9.9']) };
    const bad = compiler.compile({ revision: 5, http: { ...good.http, services }, rows: new Map() });
    await assert.rejects(bad, /no status row/);
    assert.deepEqual(read(await compiler.compile({ ...good, revision: 6 })), { revision: 6, rules: ['Path(`/c`)'] });
  });

  it('refuses work after close', async () => {
    const closing = new SnapshotCompiler(input);
    await closing.close();
    await assert.rejects(closing.compile(request(7, [])), /closed/);
  });
});

describe('the compiler thread', () => {
  it('says when it does not hold the state that a change is meant for', () => {
    const task = { settings: undefined, delta: deltaBetween(EMPTY_STATE, EMPTY_STATE), revision: 1, tls: undefined };
    assert.equal(compileTask({ ...task, generation: 1 }), 'lost');
    const started = compileTask({ ...task, generation: 1, settings: compilationInput({}) });
    assert.ok(started !== 'lost');
    closeDescriptor(started.memory.descriptor);
    assert.equal(compileTask({ ...task, generation: 2 }), 'lost');
  });
});
