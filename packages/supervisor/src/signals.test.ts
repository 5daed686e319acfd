import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { installSignals } from './signals.ts';

test('the first stop drains, further ones cut; HUP reloads, USR1 opens the access log anew; others are ignored', () => {
  const source = new EventEmitter();
  const seen: string[] = [];
  const uninstall = installSignals(source, {
    stop: (signal) => seen.push(`stop ${signal}`),
    stopNow: () => seen.push('now'),
    reload: () => seen.push('reload'),
    reopenAccessLog: () => seen.push('reopen'),
  });
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGINT', 'SIGTERM']) {
    assert.ok(source.listenerCount(signal) === 1, signal);
    source.emit(signal);
  }
  assert.deepEqual(seen, ['reload', 'reopen', 'stop SIGINT', 'now']);
  uninstall();
  assert.deepEqual(source.eventNames(), []);
});
