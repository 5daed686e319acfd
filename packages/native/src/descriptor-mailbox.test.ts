import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ChildResult, runNode, runPython } from '../test/child.ts';
import { descriptorFlags, O_CLOEXEC, openDescriptorCount } from '../test/kernel-view.ts';
import { closeDescriptor, duplicateDescriptor } from './descriptor.ts';
import {
  MAIL_DESCRIPTORS_MAX,
  MAIL_PAYLOAD_MAX_BYTES,
  type Mail,
  type Mailbox,
  openMailbox,
  sendDescriptors,
} from './descriptor-mailbox.ts';
import { adoptListeningSocket, createListeningSocket } from './listening-socket.ts';
import { createSharedMemory, mapReadOnly, mapWritable, seal, unmap } from './shared-memory.ts';

const EMPTY = new Uint8Array(0);
const folder = mkdtempSync(join(tmpdir(), 'sluice-mailbox-'));
after(() => rmSync(folder, { recursive: true }));
let boxes = 0;

/** Opens a mailbox for one test and closes it also when that fails. */
async function withMailbox(use: (mailbox: Mailbox) => unknown): Promise<void> {
  const mailbox = openMailbox(join(folder, `box-${boxes++}`));
  try {
    await use(mailbox);
  } finally {
    mailbox.close();
  }
}

/** Sends one datagram by hand: a payload of that size and as many copies of one descriptor, as that user. */
function sendByHand(mailbox: Mailbox, payloadBytes: number, descriptors: number, uid?: number): Promise<ChildResult> {
  const program = `
import array, os, socket, sys
path, size, count, uid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
null = os.open("/dev/null", os.O_RDONLY)
if uid >= 0: os.setuid(uid)
rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null] * count))] if count else []
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendmsg([b"x" * size], rights, 0, path)`;
  return runPython(program, mailbox.path, String(payloadBytes), String(descriptors), String(uid ?? -1));
}

function closeAll(mail: Mail): void {
  for (const descriptor of mail.descriptors) closeDescriptor(descriptor);
}

test('a listener and a snapshot arrive, though the sender has closed its own', () =>
  withMailbox((mailbox) => {
    const listener = createListeningSocket({ host: '127.0.0.1', port: 0 });
    const memory = createSharedMemory('mailed', 4096);
    const map = mapWritable(memory.descriptor);
    new Uint8Array(map).set(Buffer.from('snapshot'));
    unmap(map);
    seal(memory.descriptor);
    sendDescriptors(mailbox.path, Buffer.from('{"revision":7}'), [listener.descriptor, memory.descriptor]);
    closeDescriptor(listener.descriptor);
    closeDescriptor(memory.descriptor);

    const mail = mailbox.take()!;
    assert.equal(mail.payload.toString(), '{"revision":7}');
    assert.equal(mail.descriptors.length, 2);
    for (const descriptor of mail.descriptors) assert.equal(descriptorFlags(descriptor) & O_CLOEXEC, O_CLOEXEC);
    assert.equal(adoptListeningSocket(mail.descriptors[0]!).port, listener.port);
    const reader = mapReadOnly(mail.descriptors[1]!);
    assert.equal(reader.latin1(0, 8), 'snapshot');
    reader.unmap();
    closeAll(mail);
    assert.equal(mailbox.take(), undefined);
  }));

test('a mail from another process arrives', () =>
  withMailbox(async (mailbox) => {
    const child = await runNode(
      `const { descriptor } = native.createSharedMemory('from-child', 8192);
       native.sendDescriptors(${JSON.stringify(mailbox.path)}, Buffer.from('child'), [descriptor]);`,
    );
    assert.equal(child.status, 0, child.stderr);
    const mail = mailbox.take()!;
    assert.equal(mail.payload.toString(), 'child');
    const reader = mapReadOnly(mail.descriptors[0]!);
    assert.equal(reader.byteLength, 8192);
    reader.unmap();
    closeAll(mail);
  }));

test('mails keep their order and may be empty or as large as allowed', () =>
  withMailbox((mailbox) => {
    const before = openDescriptorCount();
    const large = Buffer.alloc(MAIL_PAYLOAD_MAX_BYTES, 'x');
    const many = Array.from({ length: MAIL_DESCRIPTORS_MAX }, () => mailbox.descriptor);
    sendDescriptors(mailbox.path, EMPTY, []);
    sendDescriptors(mailbox.path, large, many);
    sendDescriptors(mailbox.path, large.subarray(5, 8), [mailbox.descriptor]);
    assert.deepEqual(mailbox.take(), { payload: Buffer.alloc(0), descriptors: [] });
    const mail = mailbox.take()!;
    assert.ok(mail.payload.equals(large));
    assert.equal(new Set(mail.descriptors).size, MAIL_DESCRIPTORS_MAX);
    closeAll(mail);
    const last = mailbox.take()!;
    assert.equal(last.payload.toString(), 'xxx');
    closeAll(last);
    assert.equal(openDescriptorCount(), before);
  }));

test('a full mailbox says so and takes mail again once emptied', () =>
  withMailbox((mailbox) => {
    const before = openDescriptorCount();
    let sent = 0;
    const fill = () => {
      for (; sent < 10_000; sent++) sendDescriptors(mailbox.path, Buffer.from(String(sent)), [mailbox.descriptor]);
    };
    assert.throws(fill, { code: 'EAGAIN', message: new RegExp(`to ${mailbox.path}`) });
    assert.ok(sent > 0);
    for (let i = 0; i < sent; i++) {
      const mail = mailbox.take()!;
      assert.equal(mail.payload.toString(), String(i));
      closeAll(mail);
    }
    assert.equal(mailbox.take(), undefined);
    sendDescriptors(mailbox.path, EMPTY, []);
    assert.ok(mailbox.take());
    assert.equal(openDescriptorCount(), before);
  }));

test('what is too large, too many or no descriptor is not sent', () =>
  withMailbox((mailbox) => {
    const { path } = mailbox;
    const send = (payload: unknown, descriptors: unknown) =>
      sendDescriptors(path, payload as Uint8Array, descriptors as number[]);
    assert.throws(() => send(Buffer.alloc(MAIL_PAYLOAD_MAX_BYTES + 1), []), {
      code: 'EMSGSIZE',
      message: /32769 bytes/,
    });
    assert.throws(() => send(EMPTY, Array(MAIL_DESCRIPTORS_MAX + 1).fill(0)), { code: 'EMSGSIZE', message: /129/ });
    assert.throws(() => send(EMPTY, [0x7fffffff]), { code: 'EBADF' });
    for (const bad of [[-1], [1.5], ['0'], [undefined], 0, undefined, { length: 1 }]) {
      assert.throws(() => send(EMPTY, bad), { code: 'EINVAL', message: /descriptor/ });
    }
    for (const bad of ['text', new ArrayBuffer(1), new Uint16Array(1), undefined, {}]) {
      assert.throws(() => send(bad, []), { code: 'EINVAL', message: /payload/ });
    }
    assert.equal(mailbox.take(), undefined);
  }));

test('a list whose elements detach the payload sends none of its bytes', () =>
  withMailbox((mailbox) => {
    const payload = new Uint8Array(1024).fill(1);
    const descriptors = [0];
    Object.defineProperty(descriptors, 0, {
      get: () => {
        structuredClone(payload.buffer, { transfer: [payload.buffer] });
        return mailbox.descriptor;
      },
    });
    sendDescriptors(mailbox.path, payload, descriptors);
    const mail = mailbox.take()!;
    assert.equal(mail.payload.length, 0);
    closeAll(mail);
  }));

test('a payload or a list that was cut is refused and nothing of it stays open', () =>
  withMailbox(async (mailbox) => {
    const before = openDescriptorCount();
    for (const [bytes, count, message] of [
      [MAIL_PAYLOAD_MAX_BYTES + 1, 3, /more than 32768 bytes/],
      [1, MAIL_DESCRIPTORS_MAX + 1, /more than 128 descriptors/],
      [1, 253, /more than 128 descriptors/],
    ] as const) {
      const sender = await sendByHand(mailbox, bytes, count);
      assert.equal(sender.status, 0, sender.stderr);
      sendDescriptors(mailbox.path, Buffer.from('next'), []);
      assert.throws(() => mailbox.take(), { code: 'EMSGSIZE', message });
      assert.equal(mailbox.take()!.payload.toString(), 'next');
    }
    assert.equal(openDescriptorCount(), before);
  }));

test('a process without room for the descriptors closes those it got', () =>
  withMailbox(async (mailbox) => {
    sendDescriptors(mailbox.path, EMPTY, Array(MAIL_DESCRIPTORS_MAX).fill(mailbox.descriptor));
    sendDescriptors(mailbox.path, EMPTY, [mailbox.descriptor]);
    const program = `import { readdirSync } from 'node:fs';
      const count = () => readdirSync('/proc/self/fd').length;
      const mailbox = new native.Mailbox(${JSON.stringify(mailbox.path)}, 3);
      const before = count();
      let code;
      try { mailbox.take(); } catch (error) { code = error.code; }
      const left = count() - before;
      print({ code, left, next: mailbox.take().descriptors.length });`;
    const child = await runNode(program, { before: 'ulimit -n 100', descriptors: [mailbox.descriptor] });
    assert.equal(child.stdout, '{"code":"EMFILE","left":0,"next":1}\n', child.stderr);
  }));

test('mail of another user is dropped with its descriptors', () =>
  withMailbox(async (mailbox) => {
    const before = openDescriptorCount();
    chmodSync(folder, 0o755);
    // Only root can become somebody else; any other user has just its own mail to show.
    const strangers = process.getuid!() === 0 ? [65534] : [];
    for (const uid of strangers) {
      const refused = await sendByHand(mailbox, 5, 2, uid);
      assert.match(refused.stderr, /PermissionError/);
      chmodSync(mailbox.path, 0o666);
      for (let i = 0; i < 2; i++) {
        const sender = await sendByHand(mailbox, 5, 2, uid);
        assert.equal(sender.status, 0, sender.stderr);
      }
    }
    const own = await sendByHand(mailbox, 7, 1);
    assert.equal(own.status, 0, own.stderr);
    const mail = mailbox.take()!;
    assert.equal(mail.payload.length, 7);
    closeAll(mail);
    assert.equal(mailbox.take(), undefined);
    assert.equal(openDescriptorCount(), before);
  }));

test('the file is for its owner only and goes with the mailbox', () => {
  const before = openDescriptorCount();
  const path = join(folder, 'mode');
  const umask = process.umask(0);
  try {
    const mailbox = openMailbox(path);
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
    assert.equal(mailbox.path, path);
    mailbox.close();
    mailbox.close();
    assert.equal(existsSync(path), false);
    assert.equal(mailbox.descriptor, -1);
    assert.throws(() => mailbox.take(), { code: 'EBADF' });
    assert.throws(() => sendDescriptors(path, EMPTY, []), { code: 'ENOENT' });
    assert.equal(openDescriptorCount(), before);
  } finally {
    process.umask(umask);
  }
});

test('a mailbox whose owner is gone is replaced, a live one and other files are not', () => {
  const path = join(folder, 'stale');
  const gone = openMailbox(path);
  const kept = duplicateDescriptor(gone.descriptor);
  renameSync(path, `${path}.kept`);
  gone.close();
  renameSync(`${path}.kept`, path);
  assert.throws(() => openMailbox(path), { code: 'EADDRINUSE' });
  closeDescriptor(kept);
  assert.throws(() => sendDescriptors(path, EMPTY, []), { code: 'ECONNREFUSED' });
  const mailbox = openMailbox(path);
  sendDescriptors(path, EMPTY, []);
  assert.ok(mailbox.take());
  // Somebody put another file there: closing must not remove that.
  rmSync(path);
  writeFileSync(path, 'theirs');
  mailbox.close();
  assert.equal(readFileSync(path, 'utf8'), 'theirs');
  assert.throws(() => openMailbox(path), { code: 'EADDRINUSE', message: /not a socket is in the way/ });
});

test('a listener of another kind at the path is not taken over', () => {
  const path = join(folder, 'stream');
  const listener = createListeningSocket({ path });
  try {
    assert.throws(() => openMailbox(path), { code: 'EADDRINUSE' });
    assert.throws(() => sendDescriptors(path, EMPTY, []), { code: 'EPROTOTYPE' });
  } finally {
    closeDescriptor(listener.descriptor);
  }
});
