import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { askControl } from './control-client.ts';
import { type ControlHandler, ControlServer } from './control-server.ts';
import { LINE_MAX_BYTES } from './json-lines.ts';

async function serve(context: TestContext, handler: ControlHandler): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-control-'));
  const path = join(folder, 'control.sock');
  const server = new ControlServer(handler);
  await server.listen(path);
  context.after(() => {
    server.close(path);
    rmSync(folder, { recursive: true, force: true });
  });
  return path;
}

/** Everything the server sends in answer to raw bytes, until it ends the connection. */
function exchangeRaw(path: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = createConnection(path, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

test('one object per line is answered, also asynchronously; only the owner may connect', async (context) => {
  const path = await serve(context, async (request) => ({ echo: request.value }));
  assert.deepEqual(await askControl(path, { value: 'ä' }, 1000), { echo: 'ä' });
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

for (const [name, bytes] of [
  ['no JSON', 'hello\n'],
  ['a list', '[1]\n'],
  ['a line without end', Buffer.alloc(LINE_MAX_BYTES + 1, 'x')],
  ['a line that is too long', `{"a":"${'x'.repeat(LINE_MAX_BYTES)}"}\n`],
] as const) {
  test(`${name} is refused and ends the connection, others go on`, async (context) => {
    const path = await serve(context, () => ({ type: 'fine' }));
    const answer = JSON.parse(await exchangeRaw(path, bytes)) as { type: string; reason: string };
    assert.equal(answer.type, 'refused');
    assert.match(answer.reason, /line/);
    assert.deepEqual(await askControl(path, {}, 1000), { type: 'fine' });
  });
}

test('a handler that fails ends the connection without an answer', async (context) => {
  const path = await serve(context, () => Promise.reject(new Error('no')));
  await assert.rejects(askControl(path, {}, 1000), /without an answer/);
});

test('a peer that does not answer is given up', async (context) => {
  const path = await serve(context, () => new Promise(() => {}));
  await assert.rejects(askControl(path, {}, 50), { code: 'ETIMEDOUT' });
});

test('nobody there', async (context) => {
  const path = await serve(context, () => ({}));
  await assert.rejects(askControl(`${path}.not`, {}, 1000), { code: 'ENOENT' });
});
