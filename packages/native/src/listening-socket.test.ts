import assert from 'node:assert/strict';
import { closeSync, existsSync, lstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runNode } from '../test/child.ts';
import { descriptorFlags, keepAliveTimer, O_CLOEXEC, O_NONBLOCK, openDescriptorCount } from '../test/kernel-view.ts';
import { closeDescriptor } from './descriptor.ts';
import {
  adoptListeningSocket,
  createListeningSocket,
  pendingConnections,
  type TcpListenOptions,
  type UnixListenOptions,
} from './listening-socket.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 } as const;

const folder = mkdtempSync(join(tmpdir(), 'sluice-listening-'));
const clients = new Set<Socket>();
const listeners = new Set<number>();
after(() => {
  for (const client of clients) client.destroy();
  for (const descriptor of listeners) closeDescriptor(descriptor);
  rmSync(folder, { recursive: true });
});

/** Closed at the end of the file at the latest. */
function listen(options: TcpListenOptions | UnixListenOptions) {
  const socket = createListeningSocket(options);
  listeners.add(socket.descriptor);
  return socket;
}

function close(descriptor: number): void {
  listeners.delete(descriptor);
  closeDescriptor(descriptor);
}

async function connectTo(options: NetConnectOpts): Promise<Socket> {
  const client = connect(options);
  clients.add(client);
  client.on('error', () => {});
  await new Promise<void>((resolve, reject) => client.once('connect', resolve).once('error', reject));
  return client;
}

/** The kernel completes handshakes on its own time. */
async function pendingBecomes(descriptor: number, expected: number): Promise<void> {
  for (let i = 0; i < 200 && pendingConnections(descriptor) !== expected; i++) await sleep(10);
  assert.equal(pendingConnections(descriptor), expected);
}

test('a TCP listener says where it listens, is non-blocking and close-on-exec, and serves', async () => {
  const { descriptor, family, address, port } = createListeningSocket(LOOPBACK);
  assert.deepEqual([family, address], ['IPv4', '127.0.0.1']);
  assert.ok(port > 0 && port < 65536);
  assert.equal(descriptorFlags(descriptor) & (O_NONBLOCK | O_CLOEXEC), O_NONBLOCK | O_CLOEXEC);
  const server: Server = createServer((socket) => socket.end('hello'));
  await new Promise<void>((resolve) => server.listen({ fd: descriptor }, resolve));
  try {
    const client = await connectTo({ host: address, port });
    const [greeting] = await client.toArray();
    assert.equal(String(greeting), 'hello');
  } finally {
    server.close();
  }
});

test('listeners share a port only when all of them say so', () => {
  const first = listen(LOOPBACK);
  const second = listen({ host: '127.0.0.1', port: first.port });
  assert.equal(second.port, first.port);
  assert.throws(() => createListeningSocket({ host: '127.0.0.1', port: first.port, reusePort: false }), {
    code: 'EADDRINUSE',
    message: `listen on 127.0.0.1:${first.port}: address already in use`,
  });
  const alone = listen({ ...LOOPBACK, reusePort: false });
  assert.throws(() => createListeningSocket({ host: '127.0.0.1', port: alone.port }), { code: 'EADDRINUSE' });
});

test('an empty host listens on IPv4 and, where there is any, IPv6', async () => {
  const hasIpv6 = existsSync('/proc/net/if_inet6');
  const { descriptor, family, address, port } = listen({ host: '', port: 0 });
  assert.deepEqual([family, address], hasIpv6 ? ['IPv6', '::'] : ['IPv4', '0.0.0.0']);
  await connectTo({ host: '127.0.0.1', port });
  await pendingBecomes(descriptor, 1);
  const plain = listen({ host: '', port: 0, dualStack: false });
  assert.deepEqual([plain.family, plain.address], ['IPv4', '0.0.0.0']);
});

test('an IPv6-only listener takes no IPv4 connection', async () => {
  const hasIpv6 = existsSync('/proc/net/if_inet6') && readFileSync('/proc/net/if_inet6', 'utf8').includes(' lo');
  const make = () => listen({ host: '::', port: 0, ipv6Only: true });
  if (!hasIpv6) {
    assert.throws(make, { code: /^EA(FNOSUPPORT|DDRNOTAVAIL)$/ });
    return;
  }
  const { descriptor, port } = make();
  await assert.rejects(connectTo({ host: '127.0.0.1', port }), { code: 'ECONNREFUSED' });
  await connectTo({ host: '::1', port });
  await pendingBecomes(descriptor, 1);
});

test('names, brackets and nonsense are refused as hosts', () => {
  for (const host of [
    'localhost',
    'example.org',
    '[::1]',
    '127.1',
    '0x7f000001',
    '1.2.3.4:80',
    '::1%nosuchzone',
    ' ',
  ]) {
    assert.throws(() => createListeningSocket({ host, port: 0 }), {
      code: 'EINVAL',
      message: `listen on ${host}: not an IPv4 or IPv6 address; names are not resolved here`,
    });
  }
});

test('an address of another machine is reported with its errno and the address', () => {
  assert.throws(() => createListeningSocket({ host: '192.0.2.1', port: 8080 }), {
    code: 'EADDRNOTAVAIL',
    message: 'listen on 192.0.2.1:8080: address not available',
  });
});

test('connections that wait are counted until somebody accepts them', async () => {
  const { descriptor, port } = createListeningSocket(LOOPBACK);
  assert.equal(pendingConnections(descriptor), 0);
  for (let i = 1; i <= 3; i++) {
    await connectTo({ host: '127.0.0.1', port });
    await pendingBecomes(descriptor, i);
  }
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket));
  server.listen({ fd: descriptor });
  try {
    await pendingBecomes(descriptor, 0);
  } finally {
    server.close();
    for (const socket of accepted) socket.destroy();
  }
});

test('accepted connections inherit keep-alive', async () => {
  const silent = listen(LOOPBACK);
  const probing = listen({ ...LOOPBACK, keepAlive: { idleS: 77, intervalS: 5, count: 3 } });
  for (const { descriptor, port } of [silent, probing]) {
    const client = await connectTo({ host: '127.0.0.1', port });
    await pendingBecomes(descriptor, 1);
    const timer = keepAliveTimer(port, client.localPort!);
    if (descriptor === silent.descriptor) assert.equal(timer, -1);
    else assert.ok(timer > 7000 && timer <= 7700, `the keep-alive timer has ${timer} hundredths of a second left`);
  }
});

test('deferred accept holds a connection back until it has sent something', async () => {
  const { descriptor, port } = listen({ ...LOOPBACK, deferAcceptSeconds: 30, fastOpenQueue: 16, backlog: 16 });
  const client = await connectTo({ host: '127.0.0.1', port });
  await sleep(30);
  assert.equal(pendingConnections(descriptor), 0);
  client.write('x');
  await pendingBecomes(descriptor, 1);
});

test('a Unix listener has the mode asked for, whatever the umask is', async () => {
  const path = join(folder, 'mode.sock');
  const umask = process.umask(0o077);
  try {
    const { descriptor, family, address, port } = listen({ path, mode: 0o666 });
    assert.deepEqual([family, address, port], ['Unix', path, 0]);
    assert.equal(lstatSync(path).mode & 0o777, 0o666);
    assert.equal(descriptorFlags(descriptor) & (O_NONBLOCK | O_CLOEXEC), O_NONBLOCK | O_CLOEXEC);
    assert.equal(pendingConnections(descriptor), 0);
    await connectTo({ path });
    assert.equal(pendingConnections(descriptor), 1);
    listen({ path: join(folder, 'default.sock') });
    assert.equal(lstatSync(join(folder, 'default.sock')).mode & 0o777, 0o660);
  } finally {
    process.umask(umask);
  }
});

test('a socket file is replaced only when nobody listens on it', async () => {
  const path = join(folder, 'stale.sock');
  const first = listen({ path });
  assert.throws(() => createListeningSocket({ path }), {
    code: 'EADDRINUSE',
    message: `listen on ${path}: address already in use`,
  });
  assert.ok(existsSync(path));
  close(first.descriptor);
  assert.ok(existsSync(path));
  listen({ path });
  await connectTo({ path });
});

test('a full accept queue still counts as somebody listening', async () => {
  const path = join(folder, 'full.sock');
  listen({ path, backlog: 1 });
  for (let i = 0; i < 3; i++) connectTo({ path }).catch(() => {});
  await sleep(20);
  assert.throws(() => createListeningSocket({ path }), { code: 'EADDRINUSE' });
});

test('files that are no sockets, and paths that cannot be, are left alone', () => {
  const before = openDescriptorCount();
  const file = join(folder, 'precious');
  writeFileSync(file, 'data');
  assert.throws(() => createListeningSocket({ path: file }), {
    code: 'EADDRINUSE',
    message: /not a socket is in the way/,
  });
  assert.equal(readFileSync(file, 'utf8'), 'data');
  const long = join(folder, 'x'.repeat(108));
  assert.throws(() => createListeningSocket({ path: long }), { code: 'ENAMETOOLONG', message: /at most 107/ });
  assert.throws(() => createListeningSocket({ path: '' }), { code: 'EINVAL' });
  assert.throws(() => createListeningSocket({ path: 'a\0b' }), { code: 'EINVAL' });
  assert.throws(() => createListeningSocket({ path: join(folder, 'none', 'x') }), { code: 'ENOENT' });
  assert.throws(() => createListeningSocket({ path: join(folder, 'm'), mode: 0o1777 }), { code: 'EINVAL' });
  assert.ok(!existsSync(join(folder, 'm')));
  assert.equal(openDescriptorCount(), before);
});

test('a folder without permission is EACCES', async () => {
  const closed = mkdtempSync(join(folder, 'closed-'));
  const path = join(closed, 'x.sock');
  const program = `try { native.createListeningSocket({ path: ${JSON.stringify(path)} }); print('made'); }
    catch (error) { print([error.code, error.message]); }`;
  // Root may write everywhere: become nobody. Anybody else: take the permission away.
  const isRoot = process.getuid!() === 0;
  const before = isRoot ? undefined : `chmod 500 ${closed}`;
  const child = await runNode(program, isRoot ? { uid: 65534 } : { before: before! });
  assert.equal(child.stdout, `${JSON.stringify(['EACCES', `listen on ${path}: permission denied`])}\n`, child.stderr);
});

test('an inherited listener is adopted, also as standard input', async () => {
  const tcp = listen(LOOPBACK);
  const unix = listen({ path: join(folder, 'adopt.sock') });
  const program = `import { readFileSync } from 'node:fs';
    const flags = (fd) => /flags:\\s+(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + fd, 'utf8'))[1];
    const before = [flags(0), flags(3)];
    print({ before, sockets: [native.adoptListeningSocket(0), native.adoptListeningSocket(3)], after: [flags(0), flags(3)] });`;
  const child = await runNode(program, { input: tcp.descriptor, descriptors: [unix.descriptor] });
  const report = JSON.parse(child.stdout);
  assert.deepEqual(report.sockets, [
    { ...tcp, descriptor: 0 },
    { ...unix, descriptor: 3 },
  ]);
  // Spawning makes standard input blocking, so this shows that adopting changes it back.
  assert.equal(Number.parseInt(report.before[0], 8) & O_NONBLOCK, 0);
  for (const flags of report.after) {
    assert.equal(Number.parseInt(flags, 8) & (O_NONBLOCK | O_CLOEXEC), O_NONBLOCK | O_CLOEXEC);
  }
});

test('only listening stream sockets are adopted or inspected', async () => {
  const { port } = listen(LOOPBACK);
  const client = await connectTo({ host: '127.0.0.1', port });
  const connected = (client as unknown as { _handle: { fd: number } })._handle.fd;
  const file = openSync('/dev/null', 'r');
  try {
    for (const call of [adoptListeningSocket, pendingConnections]) {
      assert.throws(() => call(connected), { code: 'EINVAL', message: /not a listening TCP or Unix stream socket/ });
      assert.throws(() => call(file), { code: 'ENOTSOCK' });
      assert.throws(() => call(0x7fffffff), { code: 'EBADF' });
      for (const bad of [-1, 0.5, '3', undefined]) assert.throws(() => call(bad as number), { code: 'EINVAL' });
    }
  } finally {
    closeSync(file);
  }
});

test('every option is checked and nothing leaks when one is refused', () => {
  const before = openDescriptorCount();
  const keepAlive = { idleS: 10, intervalS: 10, count: 3 };
  const refused: Record<string, readonly unknown[]> = {
    port: [-1, 65536, 1.5, '80', undefined],
    host: [1, undefined, 'x'.repeat(100), '127.0.0.1\0'],
    backlog: [0, 65536, '1'],
    reusePort: [1, 'yes'],
    dualStack: [0],
    ipv6Only: [0],
    deferAcceptSeconds: [-1, 3601, Number.NaN],
    fastOpenQueue: [-1, 65536],
    keepAlive: [
      { ...keepAlive, idleS: 0 },
      { ...keepAlive, intervalS: 32768 },
      { ...keepAlive, count: 128 },
      { idleS: 10 },
    ],
  };
  for (const [name, values] of Object.entries(refused)) {
    for (const value of values) {
      const options = { ...LOOPBACK, [name]: value } as TcpListenOptions;
      assert.throws(
        () => createListeningSocket(options),
        { code: 'EINVAL', message: new RegExp(name) },
        `${name} ${value}`,
      );
    }
  }
  assert.equal(openDescriptorCount(), before);
});
