// Checks of real MariaDB servers, with TLS and read only; and of a server of our own for what only MySQL does.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { eventually } from '../../../../test/support/eventually.ts';
import { MARIADB_OTHER_USER, MARIADB_USER, startMariadb } from '../../../../test/support/mariadb-server.ts';
import type { CheckOutcome } from '../http-check.ts';
import { startAnswering } from '../testing/answering-server.ts';
import { makeServerPair, type ServerPair } from '../testing/server-pair.ts';
import { streamSettings } from '../testing/stream-settings.ts';
import { runStreamCheck } from './run-stream-check.ts';
import type { StreamCheck } from './stream-target.ts';

const NEVER = new AbortController().signal;
const ends: (() => Promise<void>)[] = [];
let pair: ServerPair;
let port: number;

before(async () => {
  pair = makeServerPair('db.example');
  port = await startMariadb((end) => void ends.unshift(end), pair.files);
});
after(async () => {
  for (const end of ends) await end();
  pair.remove();
});

function check(to: number, changes: Partial<StreamCheck> = {}, serverName?: string): Promise<CheckOutcome> {
  const secure = serverName === undefined ? undefined : { ca: pair.cert, servername: serverName };
  const settings = streamSettings({ mode: 'mysql', ...changes });
  return runStreamCheck({ host: '127.0.0.1', port: to, secure }, settings, 20_000, NEVER);
}

test('a greeting is enough without credentials', async () => {
  for (const name of [undefined, 'db.example']) {
    const outcome = await check(port, {}, name);
    assert.match(outcome.reason, /^greeted by .*MariaDB/);
    assert.equal(outcome.healthy, true);
  }
});

test('with credentials, plain and over TLS', async () => {
  for (const name of [undefined, 'db.example']) {
    assert.deepEqual(await check(port, MARIADB_USER, name), { healthy: true, reason: 'logged in' });
    assert.deepEqual(await check(port, { ...MARIADB_USER, database: '' }, name), {
      healthy: true,
      reason: 'logged in',
    });
    for (const wrong of [{ password: 'wrong' }, { password: '' }, { user: 'nobody' }]) {
      const outcome = await check(port, { ...MARIADB_USER, ...wrong }, name);
      assert.equal(outcome.healthy, false);
      assert.match(outcome.reason, /^the server says 1045 Access denied/);
    }
    const nowhere = await check(port, { ...MARIADB_USER, database: 'nowhere' }, name);
    assert.match(nowhere.reason, /^the server says 1044 /);
    const other = await check(port, MARIADB_OTHER_USER, name);
    assert.match(other.reason, /^the server wants client_ed25519, which is not/);
  }
  const stranger = await check(port, MARIADB_USER, 'other.example');
  assert.match(stranger.reason, /db\.example/);
});

test('a server without room for us says nothing of its health', { timeout: 120_000 }, async (t) => {
  const full = await startMariadb((end) => t.after(end), undefined, [
    '--max-connections=10',
    '--extra-max-connections=1',
  ]);
  const sockets = Array.from({ length: 12 }, () => connect(full, '127.0.0.1').on('error', () => {}));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  // Each has a place, or has been told that there is none.
  await Promise.all(sockets.map((socket) => once(socket, 'data')));
  await eventually('it is full', async () => (await check(full, MARIADB_USER)).isUndecided === true);
  const outcome = await check(full, { ...MARIADB_USER, role: 'primary' });
  assert.deepEqual(outcome, { healthy: false, reason: 'the server says 1040 Too many connections', isUndecided: true });
});

test('whether it may be written to', { timeout: 120_000 }, async (t) => {
  const replica = await startMariadb((end) => t.after(end), undefined, ['--read-only']);
  const ask = (to: number, role: StreamCheck['role']): Promise<CheckOutcome> => check(to, { ...MARIADB_USER, role });
  assert.deepEqual(await ask(port, 'primary'), { healthy: true, reason: 'a primary' });
  assert.deepEqual(await ask(port, 'replica'), {
    healthy: false,
    reason: 'a primary, expected a replica',
    hasOtherRole: true,
  });
  assert.deepEqual(await ask(replica, 'replica'), { healthy: true, reason: 'a replica' });
  assert.deepEqual(await ask(replica, 'primary'), {
    healthy: false,
    reason: 'a replica, expected a primary',
    hasOtherRole: true,
  });
  assert.match((await check(replica, MARIADB_USER, 'db.example')).reason, /has no TLS/);
});

const NONCE = Buffer.from('abcdefghijklmnopqrst');

function packet(sequence: number, ...parts: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.concat([Buffer.of(body.length & 0xff, body.length >> 8, 0, sequence), body]);
}

function greeting(plugin: string, protocol = 10): Buffer {
  const flags = Buffer.of(0x01, 0xfa, 45, 2, 0, 0x08, 0, 21);
  const nonce = [NONCE.subarray(0, 8), '\0', flags, Buffer.alloc(10), NONCE.subarray(8), '\0'];
  return packet(0, Buffer.of(protocol), '8.4.0\0', Buffer.alloc(4, 1), ...nonce, `${plugin}\0`);
}

function sha2Proof(password: string): Buffer {
  const sha = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
  const once = sha(Buffer.from(password));
  const mixed = sha(sha(once), NONCE);
  return once.map((byte, index) => byte ^ mixed[index]) as Buffer;
}

test('caching_sha2_password, as MySQL has it', { timeout: 120_000 }, async (t) => {
  const credentials = { user: 'checker', password: 'secret' };
  const known = Buffer.concat([packet(2, Buffer.of(1, 3)), packet(3, Buffer.of(0, 0, 0, 2, 0, 0, 0))]);
  const fast = await startAnswering(
    t,
    (socket) => socket.write(known),
    (socket) => socket.write(greeting('caching_sha2_password')),
  );
  assert.deepEqual(await check(fast.port, credentials), { healthy: true, reason: 'logged in' });
  assert.ok(fast.heard().includes(sha2Proof('secret')));
  assert.ok(!fast.heard().includes('secret'));
  const full = await startAnswering(
    t,
    (socket) => socket.write(packet(2, Buffer.of(1, 4))),
    (socket) => socket.write(greeting('caching_sha2_password')),
  );
  const outcome = await check(full.port, credentials);
  assert.deepEqual(outcome, {
    healthy: false,
    reason: 'the server wants the password as it is, which goes over TLS only',
  });
  assert.ok(!full.heard().includes('secret'));
});

test('caching_sha2_password shows the password over TLS, to a server that has forgotten it', {
  timeout: 120_000,
}, async (t) => {
  let heard = '';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write(greeting('caching_sha2_password'));
    socket.once('readable', () => {
      // Behind the request its ClientHello may be there already.
      assert.equal(socket.read(36)?.length, 36);
      const secured = new TLSSocket(socket, { isServer: true, cert: pair.cert, key: pair.key });
      secured.on('error', () => {});
      const answers = [packet(3, Buffer.of(1, 4)), packet(5, Buffer.of(0, 0, 0, 2, 0, 0, 0))];
      secured.on('data', (bytes) => {
        heard += bytes.toString('latin1');
        const answer = answers.shift();
        if (answer !== undefined) secured.write(answer);
      });
    });
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port: to } = server.address() as AddressInfo;
  const outcome = await check(to, { user: 'checker', password: 'secret' }, 'db.example');
  assert.deepEqual(outcome, { healthy: true, reason: 'logged in' });
  assert.match(heard, /secret\0/);
});

test('servers that refuse, are too old, or are something else', { timeout: 120_000 }, async (t) => {
  const cases: readonly (readonly [Buffer | string, RegExp])[] = [
    [
      packet(0, Buffer.of(0xff, 0x10, 0x04), '#08004', 'Too many connections'),
      /^the server says 1040 Too many connections$/,
    ],
    [packet(0, Buffer.of(0xff, 0x69, 0x04), 'Host is blocked'), /^the server says 1129 Host is blocked$/],
    [greeting('x', 9), /^the server does not answer as MySQL does$/],
    [greeting('x').subarray(0, 30), /^the server closed the connection$/],
    [packet(1, 'x'), /^the server does not answer as MySQL does$/],
    ['SSH-2.0-OpenSSH\r\n', /^the server sends more than|^the server does not answer as MySQL does$/],
  ];
  for (const [bytes, reason] of cases) {
    const server = await startAnswering(
      t,
      () => {},
      (socket) => socket.end(bytes),
    );
    const outcome = await check(server.port);
    assert.equal(outcome.healthy, false);
    assert.match(outcome.reason, reason);
  }
});
