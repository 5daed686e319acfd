// The datagram transport inside a process: exceptions of its handler, destruction at any time, threads, descriptors, and when the
// loop may end.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { runNode } from '../test/child.ts';
import { DatagramHarness } from '../test/datagram-harness.ts';
import { openDescriptorCount } from '../test/kernel-view.ts';
import { FlowEvent } from './index.ts';

describe('the end of a datagram transport', () => {
  it('closes every descriptor, may come within the handler, and twice', async () => {
    const before = openDescriptorCount();
    const h = new DatagramHarness();
    const server = await h.echo();
    const port = h.listen();
    h.listen({}, 2);
    const clients = await Promise.all(Array.from({ length: 20 }, () => h.peer()));
    let news = 0;
    h.reaction = (event, transport) => {
      if (event.kind !== FlowEvent.NEW) return;
      if (++news < 20) transport.connectFlow(event.flow, '127.0.0.1', server.port);
      else transport.destroy();
    };
    for (const client of clients) client.socket.send('x', port, '127.0.0.1');
    await h.until('the last', () => news === 20);
    assert.throws(() => h.transport.closeFlow(1), { code: 'ERR_DESTROYED' });
    assert.equal(h.transport.flowCount, 0);
    await h.close();
    await new Promise(setImmediate);
    assert.equal(openDescriptorCount(), before);
  });

  it('is not waited for: a process without listeners ends', async () => {
    const { status, stdout } = await runNode(`
      const transport = new native.DatagramTransport({}, (count) => {
        for (let i = 0; i < count; i++) print(transport.events[i * native.FLOW_RECORD_WORDS]);
      });
      const { descriptor } = native.createDatagramSocket({ host: '127.0.0.1', port: 0 });
      transport.listen(descriptor, 1, { idleTimeoutMs: 1000 });
      setTimeout(() => transport.unlisten(1, true, true), 20);`);
    assert.equal(stdout, `${FlowEvent.LISTENER_CLOSED}\n`);
    assert.equal(status, 0);
  });

  it('does not come because nobody refers to it', async () => {
    const program = `
      import dgram from 'node:dgram';
      function listen() {
        const transport = new native.DatagramTransport({}, () => {
          print('a client');
          process.exit(0);
        });
        const { descriptor, port } = native.createDatagramSocket({ host: '127.0.0.1', port: 0 });
        transport.listen(descriptor, 1, { idleTimeoutMs: 1000 });
        return port;
      }
      const port = listen();
      for (let i = 0; i < 3; i++) {
        await new Promise(setImmediate);
        gc();
      }
      dgram.createSocket('udp4').send('x', port, '127.0.0.1');
      setTimeout(() => process.exit(1), 15_000);`;
    const { status, stdout } = await runNode(program, { nodeFlags: ['--expose-gc'] });
    assert.deepEqual([status, stdout], [0, '"a client"\n']);
  });

  it("comes with that of its thread; exceptions of the handler are its process's", async () => {
    const worker = new Worker(fileURLToPath(new URL('../test/programs/worker-datagrams.ts', import.meta.url)));
    const client = dgram.createSocket('udp4');
    try {
      const [port] = (await once(worker, 'message')) as [number];
      client.send('spin', port, '127.0.0.1');
      const [text] = (await once(worker, 'message')) as [string];
      assert.equal(text, 'spinning');
      assert.equal(await worker.terminate(), 1);
    } finally {
      client.close();
    }
    const { status, stderr } = await runNode(`
      import dgram from 'node:dgram';
      const transport = new native.DatagramTransport({}, () => { throw new Error('failed on purpose'); });
      const { descriptor, port } = native.createDatagramSocket({ host: '127.0.0.1', port: 0 });
      transport.listen(descriptor, 1, { idleTimeoutMs: 1000 });
      dgram.createSocket('udp4').send('x', port, '127.0.0.1');`);
    assert.notEqual(status, 0);
    assert.match(stderr, /failed on purpose/);
  });
});
