// Nothing that was started outlives `stop`, not even a grandchild that ignores requests.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { allowedCores } from './cores.ts';
import { readStat, readTree } from './process-table.ts';
import { Processes } from './processes.ts';

const [CORE = 0] = allowedCores();
const OPTIONS = { cores: [CORE], openFiles: 256, folder: tmpdir() };

test('a process ends with its descendants', async (context) => {
  const processes = new Processes();
  context.after(() => processes.stopAll());
  const command = ['sh', '-c', 'trap "" TERM; sleep 60 & echo up; trap - TERM; wait'];
  const started = await processes.start({ ...OPTIONS, command });
  await once(started.child.stdout!, 'data');
  const family = readTree(started.pid);
  assert.equal(family.length, 2);
  await started.stop();
  assert.ok(started.hasEnded);
  for (const { pid, startedTicks } of family) assert.notEqual(readStat(pid)?.startedTicks, startedTicks);
});

test('it gets its cores and its limit of descriptors', async (context) => {
  const processes = new Processes();
  context.after(() => processes.stopAll());
  const command = ['sh', '-c', 'ulimit -n; grep Cpus_allowed_list /proc/self/status'];
  const started = await processes.start({ ...OPTIONS, command });
  let text = '';
  started.child.stdout!.on('data', (piece) => {
    text += piece;
  });
  await once(started.child.stdout!, 'end');
  assert.match(text, /^256\n/);
  assert.match(text, new RegExp(`Cpus_allowed_list:\\s*${CORE}\n`));
});

test('after the end of all nothing starts', async () => {
  const processes = new Processes();
  await processes.stopAll();
  await assert.rejects(processes.start({ ...OPTIONS, command: ['true'] }), /ending/);
});
