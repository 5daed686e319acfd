import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeDescriptor, createListeningSocket, openMailbox } from '@sluice/native';
import { ClientLoop } from './support/client-loop.ts';
import { eventually } from './support/eventually.ts';
import { dynamicYaml, get, slowUpstream } from './support/http.ts';
import { isAlive, TestSite } from './support/test-node.ts';

test('a worker that is killed is replaced in its slot; nobody is refused', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'one')));
  const node = site.start();
  await node.ready();
  const client = new ClientLoop(site.port);
  await client.more(20);
  const [victim] = node.workerPids(1);
  const from = node.lines.length;
  process.kill(victim!, 'SIGKILL');
  const crash = await node.line('WORKER_CRASHED', from);
  assert.equal(crash.slot, 1);
  assert.equal(crash.signal, 'SIGKILL');
  await node.line('worker serves', from);
  await client.more(20);
  await client.stop();
  // What the killed worker had accepted already is lost with it; what waited in the queue is not.
  assert.ok(client.failures.length <= 1, client.failures.join(', '));
  assert.ok(!client.failures.includes('ECONNREFUSED'));
  assert.equal(node.workerPids(1).length, 2);
});

test('a worker whose loop stands still is replaced', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'one')));
  const node = site.start({ limits: { heartbeatTimeoutMs: 6000 } });
  await node.ready();
  const [stuck] = node.workerPids(0);
  const from = node.lines.length;
  process.kill(stuck!, 'SIGSTOP');
  assert.equal((await node.line('WORKER_UNRESPONSIVE', from)).pid, stuck);
  await node.line('worker serves', from);
  assert.ok(!isAlive(stuck!));
});

test('SIGTERM: running requests finish, new connections are refused, then exit 0 with nothing left', async (context) => {
  const site = await TestSite.create(context);
  let isUnderWay = false;
  site.writeDynamic(
    dynamicYaml(
      await slowUpstream(context, 'one', 1500, () => {
        isUnderWay = true;
      }),
    ),
  );
  const node = site.start();
  await node.ready();
  const slow = get(site.port, '/slow');
  await eventually('it is under way', () => isUnderWay);
  node.kill('SIGTERM');
  await eventually('refused', () =>
    get(site.port).then(
      () => false,
      (error) => error.code === 'ECONNREFUSED',
    ),
  );
  assert.deepEqual(await slow, { status: 200, body: 'one' });
  assert.equal(await node.exited, 0);
  assert.deepEqual(node.workerPids().filter(isAlive), []);
  assert.deepEqual(readdirSync(site.runtimeDirectory), []);
});

test('SIGTERM with an accept grace: connections are still served for that long', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'one')));
  const node = site.start({ requestAcceptGraceTimeout: '3s' });
  await node.ready();
  node.kill('SIGTERM');
  await sleep(300);
  assert.equal((await get(site.port)).status, 200);
  assert.equal(await node.exited, 0);
});

test('SIGTERM while the workers start: exit 0, nothing left', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'one')));
  const node = site.start();
  await node.line('worker started');
  node.kill('SIGTERM');
  assert.equal(await node.exited, 0);
  assert.deepEqual(node.workerPids().filter(isAlive), []);
});

test('a second signal cuts what runs: exit 130', async (context) => {
  const site = await TestSite.create(context);
  let isUnderWay = false;
  site.writeDynamic(
    dynamicYaml(
      await slowUpstream(context, 'one', 60_000, () => {
        isUnderWay = true;
      }),
    ),
  );
  const node = site.start({ graceTimeOut: '60s' });
  await node.ready();
  const cut = assert.rejects(get(site.port, '/slow'));
  await eventually('it is under way', () => isUnderWay);
  node.kill('SIGINT');
  await node.line('draining');
  node.kill('SIGINT');
  assert.equal(await node.exited, 130);
  await cut;
  assert.deepEqual(node.workerPids().filter(isAlive), []);
});

test('SIGHUP reads the configuration again; SIGUSR1 changes nothing', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'one')));
  const node = site.start({ watch: false });
  await node.ready();
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'two')));
  assert.equal((await get(site.port)).body, 'one');
  node.kill('SIGUSR1');
  for (const pid of node.workerPids()) process.kill(pid, 'SIGUSR1');
  node.kill('SIGHUP');
  await eventually('the new configuration', async () => (await get(site.port)).body === 'two');
  await eventually('both switched', () => node.lines.filter((line) => line.msg === 'worker switched').length === 2);
  assert.deepEqual(node.workerPids().length, 2);
  const published = node.lines.filter((line) => line.msg === 'configuration published').length;
  node.kill('SIGHUP');
  await node.line('the configuration has not changed');
  assert.equal(node.lines.filter((line) => line.msg === 'configuration published').length, published);
});

test('a change of the file is served without losing a request', async (context) => {
  const site = await TestSite.create(context);
  const urls = [await slowUpstream(context, 'one'), await slowUpstream(context, 'two')];
  site.writeDynamic(dynamicYaml(urls[0]!));
  const node = site.start();
  await node.ready();
  const client = new ClientLoop(site.port);
  for (let round = 1; round <= 4; round++) {
    site.writeDynamic(dynamicYaml(urls[round % 2]!));
    const wanted = round % 2 === 1 ? 'two' : 'one';
    await eventually(wanted, async () => (await get(site.port)).body === wanted);
  }
  await client.stop();
  assert.deepEqual(client.failures, []);
});

test('a second supervisor with the same entry points is refused while the first lives', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'one')));
  const first = site.start();
  await first.ready();
  const second = site.start();
  assert.equal(await second.exited, 1);
  const [line] = second.lines.filter(({ level }) => level >= 50);
  assert.match(line!.msg, new RegExp(`another supervisor \\(process ${first.pid}\\) already runs`));
  assert.equal((await get(site.port)).status, 200);
});

test('an address in use: one line names entry point and address, exit 1, nothing left', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic('');
  const server = createServer().listen(site.port, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const node = site.start();
  assert.equal(await node.exited, 1);
  const errors = node.lines.filter(({ level }) => level >= 50);
  assert.equal(errors.length, 1);
  assert.match(
    errors[0]!.msg,
    new RegExp(`"web" cannot listen on "127\\.0\\.0\\.1:${site.port}": the address is in use`),
  );
  assert.deepEqual(readdirSync(site.runtimeDirectory), []);
});

test('a runtime directory that others can write to is refused', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic('');
  const open = join(site.folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  const node = site.start({ env: { SLUICE_RUNTIME_DIR: open } });
  assert.equal(await node.exited, 1);
  assert.match(node.lines.at(-1)!.msg, /open to others \(mode 0777/);
});

test('the service manager hears READY, signs of life and STOPPING; workers do not see its variables', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'one')));
  const mailbox = openMailbox(join(site.folder, 'notify.sock'));
  context.after(() => mailbox.close());
  const heard: string[] = [];
  const listen = setInterval(() => {
    for (let mail = mailbox.take(); mail !== undefined; mail = mailbox.take()) heard.push(mail.payload.toString());
  }, 20);
  context.after(() => clearInterval(listen));
  const node = site.start({ env: { NOTIFY_SOCKET: mailbox.path, WATCHDOG_USEC: '200000' } });
  await node.ready();
  await eventually('three signs of life', () => heard.filter((text) => text === 'WATCHDOG=1').length >= 3);
  assert.match(heard[0]!, /^READY=1\nSTATUS=2 workers serve$/);
  const [pid] = node.workerPids();
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
  assert.doesNotMatch(environment, /NOTIFY_SOCKET|WATCHDOG_/);
  node.kill('SIGTERM');
  assert.equal(await node.exited, 0);
  await eventually('STOPPING', () => heard.at(-1) === 'STOPPING=1');
});

test('a socket passed by the service manager is used for the entry point whose name it has', async (context) => {
  const site = await TestSite.create(context);
  site.writeDynamic(dynamicYaml(await slowUpstream(context, 'one')));
  const passed = createListeningSocket({ host: '127.0.0.1', port: 0 });
  const foreign = createListeningSocket({ host: '127.0.0.1', port: 0 });
  context.after(() => {
    for (const { descriptor } of [passed, foreign]) closeDescriptor(descriptor);
  });
  const node = site.start({
    env: { LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:else' },
    descriptors: [passed.descriptor, foreign.descriptor],
    launcher: ['/bin/sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh'],
  });
  await node.ready();
  for (let i = 0; i < 8; i++) assert.equal((await get(passed.port)).body, 'one');
  await assert.rejects(get(site.port), { code: 'ECONNREFUSED' });
  assert.match((await node.line(({ name }) => name === 'else')).msg, /no entry point has its name/);
});
