import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { clientsByProcess, establishedOn, unevenness } from './client-spread.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:A001 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:A001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 13 1 0000000000000000 20 4 30 10 -1
   3: 0100007F:1F90 0100007F:A002 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0000000000000000 20 4 30 10 -1
`;

test('the accepted side of established connections is found, and nothing else', () => {
  assert.deepEqual([...establishedOn(TABLE, 8080)], ['12']);
});

test('connections are counted where they were accepted', async (context) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const client = connect(port, '127.0.0.1');
  context.after(() => {
    client.destroy();
    server.close();
  });
  const [socket] = await accepted;
  context.after(() => socket.destroy());
  assert.deepEqual(clientsByProcess(process.pid, port)[0], 1);
});

test('the fullest is compared with the mean, empty ones included', () => {
  assert.equal(unevenness([0, 4, 4], 2), 1);
  assert.equal(unevenness([8, 0], 2), 2);
  assert.equal(unevenness([], 2), 0);
});
