// The echo of datagrams and the load that belongs to it: with each other, and the load against somebody who loses and changes some.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { type CompiledName, compiled } from '../lab/compile.ts';
import { allowedCores } from '../lab/cores.ts';
import { Processes } from '../lab/processes.ts';
import { askDatagram } from '../load/ask-datagram.ts';
import { type DatagramsPlan, type DatagramsResult, datagramArguments } from '../load/datagrams-plan.ts';
import { LineClient } from '../load/line-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-datagrams-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function start(context: TestContext, program: CompiledName, ...args: string[]): Promise<LineClient> {
  const processes = new Processes();
  context.after(() => processes.stopAll());
  const command = [compiled(program, folder), ...args];
  return new LineClient(await processes.start({ command, cores: allowedCores(), openFiles: 1024, folder }));
}

async function load(context: TestContext, port: number, more: Partial<DatagramsPlan>): Promise<DatagramsResult> {
  const standard = { clients: 4, bytes: 64, burst: 1, gathers: false, warmUpSeconds: 0.1, seconds: 0.3 };
  const plan: DatagramsPlan = { ...standard, port, ...more };
  const client = await start(context, 'datagram-clients', ...datagramArguments(plan));
  assert.equal(await client.next(), 'ready');
  client.say('go');
  return JSON.parse(await client.next());
}

for (const gathers of [false, true]) {
  test(`every datagram comes back, ${gathers ? 'bursts as one message' : 'one by one'}`, async (context) => {
    const server = await start(context, 'datagram-echo', ...(gathers ? ['gather'] : []));
    const port = Number(await server.next());
    await askDatagram(port, 1_200);
    for (const burst of [1, 32]) {
      const { sent, echoed, durationUs } = await load(context, port, { gathers, burst, bytes: 1_000 });
      assert.ok(sent >= 4 * burst);
      assert.equal(sent % burst, 0);
      assert.equal(echoed, sent);
      assert.ok(durationUs >= 300_000);
    }
  });
}

test('what is lost or changed is not counted, and the load goes on', async (context) => {
  let seen = 0;
  const socket = createSocket('udp4');
  context.after(() => socket.close());
  socket.on('message', (bytes, { port, address }) => {
    seen++;
    // Not of the four first ones, which open the clients.
    if (seen === 6) return;
    if (seen === 7) bytes.fill('x');
    socket.send(bytes, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { sent, echoed } = await load(context, socket.address().port, { warmUpSeconds: 0, seconds: 0.5 });
  // Four of the warm-up, whose time was over at once: nothing was sent in it.
  assert.equal(sent, seen - 4);
  assert.equal(echoed, sent - 2);
  assert.ok(echoed > 4);
});

test('an echo that does not come, or another one, is said to be wrong', async (context) => {
  const socket = createSocket('udp4');
  context.after(() => socket.close());
  socket.on('message', (bytes, { port, address }) => {
    if (bytes.length > 10) socket.send(bytes.subarray(1), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  await assert.rejects(askDatagram(socket.address().port, 10), /no echo within/);
  await assert.rejects(askDatagram(socket.address().port, 11), /an echo of 10 bytes/);
});
