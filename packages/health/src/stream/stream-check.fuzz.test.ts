// Fuzzing of the clients of stream checks: whatever a server says, a check comes to an end with a sentence. FUZZ_SECONDS sets the time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { startAnswering } from '../testing/answering-server.ts';
import { fuzzBudgetMs } from '../testing/fuzz-budget.ts';
import { streamSettings } from '../testing/stream-settings.ts';
import { runStreamCheck } from './run-stream-check.ts';
import type { StreamCheckMode } from './stream-target.ts';

const NEVER = new AbortController().signal;
const TIMEOUT_MS = 30;
const CREDENTIALS = { user: 'checker', password: 'the secret', role: 'primary' } as const;

/** What good servers say, as material. */
const GREETING = Buffer.concat([
  Buffer.of(74, 0, 0, 0, 10),
  Buffer.from('8.4.0\0\x01\0\0\0abcdefgh\0\x01\xfa\x2d\x02\0\x08\0\x15', 'latin1'),
  Buffer.alloc(10),
  Buffer.from('ijklmnopqrst\0caching_sha2_password\0'),
]);
const MATERIAL: Readonly<Record<StreamCheckMode, readonly Buffer[]>> = {
  tcp: [Buffer.from('PONG')],
  mysql: [GREETING, Buffer.of(7, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0), Buffer.of(2, 0, 0, 2, 1, 3), Buffer.of(1, 0, 0, 1, 1)],
  postgres: [
    Buffer.from('R\0\0\0\x08\0\0\0\0', 'latin1'),
    Buffer.from('R\0\0\0\x0c\0\0\0\x05salt', 'latin1'),
    Buffer.from('R\0\0\0\x17\0\0\0\nSCRAM-SHA-256\0\0', 'latin1'),
    Buffer.from('R\0\0\0\x16\0\0\0\x0br=x,s=eA==,i=4', 'latin1'),
    Buffer.from('Z\0\0\0\x05I', 'latin1'),
    Buffer.from('D\0\0\0\x0b\0\x01\0\0\0\x01t', 'latin1'),
  ],
  redis: [
    Buffer.from('+OK\r\n'),
    Buffer.from('+PONG\r\n'),
    Buffer.from('*3\r\n$6\r\nmaster\r\n'),
    Buffer.from('-ERR no\r\n'),
  ],
};

const MODE = fc.constantFrom<StreamCheckMode>('mysql', 'postgres', 'redis');
const SPEECH = MODE.chain((mode) => {
  const change = fc.tuple(fc.nat(90), fc.nat(2), fc.uint8Array({ maxLength: 2 }));
  const part = fc.tuple(fc.constantFrom(...MATERIAL[mode]), fc.array(change, { maxLength: 2 })).map(edited);
  return fc.tuple(fc.constant(mode), fc.array(fc.oneof(part, fc.uint8Array({ maxLength: 40 })), { maxLength: 5 }));
});

function edited([bytes, changes]: [Buffer, [number, number, Uint8Array][]]): Buffer {
  return changes.reduce<Buffer>(
    (before, [at, removed, inserted]) =>
      Buffer.concat([before.subarray(0, at), inserted, before.subarray(at + removed)]),
    bytes,
  );
}

test('whatever a server says (fuzz)', async (t) => {
  let speech = Buffer.alloc(0);
  const server = await startAnswering(
    t,
    () => {},
    (socket) => socket.end(speech),
  );
  const place = { host: '127.0.0.1', port: server.port, secure: undefined };
  await fc.assert(
    fc.asyncProperty(SPEECH, fc.boolean(), async ([mode, parts], hasCredentials) => {
      speech = Buffer.concat(parts);
      const settings = streamSettings({ mode, ...(hasCredentials ? CREDENTIALS : {}) });
      const { healthy, reason } = await runStreamCheck(place, settings, TIMEOUT_MS, NEVER);
      assert.equal(typeof healthy, 'boolean');
      assert.match(reason, /^[^\p{Cc}]{2,260}$/u);
      assert.ok(!reason.includes(CREDENTIALS.password));
      assert.doesNotMatch(reason, /undefined|not a function|out of range|Cannot read|NaN/);
    }),
    { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
  );
});
