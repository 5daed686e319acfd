import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openMailbox } from '@sluice/native';
import { ClientLoop } from './support/client-loop.ts';
import { eventually } from './support/eventually.ts';
import { dynamicYaml, get, slowUpstream } from './support/http.ts';
import { isAlive, TestSite } from './support/test-node.ts';

for (const [before, after] of [
  [2, 2],
  [3, 1],
  [1, 2],
] as const) {
  test(`the supervisor is killed: ${before} workers go on, the next one takes over with ${after}`, async (context) => {
    const site = await TestSite.create(context);
    site.writeDynamic(dynamicYaml(await slowUpstream(context, 'one')));
    const first = site.start({ workers: before });
    await first.ready();
    const clients = Array.from({ length: 4 }, () => new ClientLoop(site.port));
    await clients[0]!.more(10);
    first.kill('SIGKILL');
    assert.equal(await first.exited, 'SIGKILL');
    await clients[0]!.more(10);
    assert.equal(first.workerPids().filter(isAlive).length, before);

    const slow = get(site.port, '/slow');
    await sleep(100);
    const second = site.start({ workers: after });
    await second.ready();
    await eventually('the old workers have left', () => first.workerPids().every((pid) => !isAlive(pid)));
    assert.deepEqual(await slow, { status: 200, body: 'one' });
    for (const client of clients) await client.more(20);
    for (const client of clients) await client.stop();
    assert.deepEqual(
      clients.flatMap((client) => client.failures),
      [],
    );
    assert.equal(second.lines.filter((line) => /^took over/.test(line.msg)).length, before);
    second.kill('SIGTERM');
    assert.equal(await second.exited, 0);
  });
}

test('stale files of dead workers are removed, and the lock of a dead supervisor is no obstacle', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'one')));
  const first = site.start();
  await first.ready();
  first.kill('SIGKILL');
  await first.exited;
  for (const pid of first.workerPids()) process.kill(pid, 'SIGKILL');
  await eventually('dead', () => first.workerPids().every((pid) => !isAlive(pid)));
  const second = site.start();
  await second.ready();
  assert.equal((await get(site.port)).body, 'one');
  assert.deepEqual(
    second.lines.filter((line) => line.code?.startsWith('TAKEOVER')),
    [],
  );
  second.kill('SIGTERM');
  assert.equal(await second.exited, 0);
});

test('a worker without supervisor drains on SIGTERM; before that it ignores it', async (context) => {
  const site = await TestSite.create(context);
  let isUnderWay = false;
  site.writeDynamic(
    dynamicYaml(
      await slowUpstream(context, 'one', 1500, () => {
        isUnderWay = true;
      }),
    ),
  );
  const node = site.start({ workers: 1 });
  await node.ready();
  const [pid] = node.workerPids();
  process.kill(pid!, 'SIGTERM');
  process.kill(pid!, 'SIGINT');
  await sleep(200);
  assert.equal((await get(site.port)).status, 200);
  node.kill('SIGKILL');
  await node.exited;
  const slow = get(site.port, '/slow');
  await eventually('it is under way', () => isUnderWay);
  process.kill(pid!, 'SIGTERM');
  assert.equal((await slow).body, 'one');
  await eventually('left', () => !isAlive(pid!));
});

test('a supervised worker hands nothing over, whoever asks', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic('');
  const node = site.start({ workers: 1 });
  await node.ready();
  const socket = connect(join(site.runtimeDirectory, `worker-${node.workerPids()[0]}.sock`));
  context.after(() => socket.destroy());
  socket.write(`${JSON.stringify({ type: 'drain', acceptGraceMs: 0, graceMs: 0 })}\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /"refused".*living supervisor/);
  assert.equal((await get(site.port)).status, 404);
});

test('a broken configuration at take-over: the old workers go on serving the good one until it is repaired', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'one')));
  const first = site.start({ workers: 1 });
  await first.ready();
  first.kill('SIGKILL');
  await first.exited;
  const client = new ClientLoop(site.port);
  context.after(() => client.stop());
  site.writeDynamic('http: [');
  const mailbox = openMailbox(join(site.folder, 'notify'));
  context.after(() => mailbox.close());
  const second = site.start({ workers: 1, env: { NOTIFY_SOCKET: mailbox.path, WATCHDOG_USEC: '200000' } });
  await second.line(({ msg }) => msg.includes('the earlier workers go on'));
  await client.more(20);
  // A service manager that has heard READY expects signs of life from then on.
  await eventually('a sign of life', () => mailbox.take()?.payload.toString() === 'WATCHDOG=1');
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'two')));
  await second.ready();
  await eventually('the old worker has left', () => !isAlive(first.workerPids()[0]!));
  assert.equal((await get(site.port)).body, 'two');
  await client.stop();
  assert.deepEqual(client.failures, []);
});

test('an earlier worker without a connection leaves at once, but not before it has answered', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic('');
  const first = site.start({ workers: 1 });
  await first.ready();
  first.kill('SIGKILL');
  await first.exited;
  const second = site.start({ workers: 1 });
  await second.line('the earlier worker drains', 0);
  await eventually('left', () => !isAlive(first.workerPids()[0]!));
  assert.deepEqual(
    second.lines.filter((line) => line.code !== undefined),
    [],
  );
});
