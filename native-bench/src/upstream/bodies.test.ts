// The upstream server for bodies: reads to the end before it answers, however the bytes are cut.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { allowedCores } from '../lab/cores.ts';
import { Processes } from '../lab/processes.ts';
import { LineClient } from '../load/line-client.ts';
import { get, post, requestText } from '../load/load-request.ts';
import { CHUNKED_ANSWER, SHORT_ANSWER } from './bodies-answers.ts';

async function startServer(context: TestContext): Promise<number> {
  const processes = new Processes();
  context.after(() => processes.stopAll());
  const command = [process.execPath, join(import.meta.dirname, 'bodies-main.ts')];
  const server = await processes.start({ command, cores: allowedCores(), openFiles: 1024, folder: tmpdir() });
  return Number(await new LineClient(server).next());
}

/** Sends the pieces with a pause between them. @returns the first `bytes` of the answers. */
async function exchange(port: number, pieces: readonly string[], bytes: number): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  let received = Buffer.alloc(0);
  const whole = new Promise<void>((resolve, reject) => {
    socket.on('data', (piece) => {
      received = Buffer.concat([received, piece]);
      if (received.length >= bytes) resolve();
    });
    // What follows an error is the close.
    socket.on('error', () => {});
    socket.on('close', () => reject(new Error(`closed after ${received.length} of ${bytes} bytes`)));
  });
  // Awaited below; it may fail before.
  whole.catch(() => {});
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await whole;
  socket.destroy();
  return received;
}

test('uploads with a length and in chunks, one after the other on one connection', async (context) => {
  const port = await startServer(context);
  const requests = [
    requestText(get('/')),
    requestText(post('/upload', { bytes: 5_000 })),
    requestText(post('/chunked', { bytes: 100, chunkBytes: 33 })),
  ];
  const expected = Buffer.concat([SHORT_ANSWER, SHORT_ANSWER, CHUNKED_ANSWER]);
  assert.deepEqual(await exchange(port, [requests.join('')], expected.length), expected);
  const text = requests.join('');
  const pieces = [text.slice(0, 20), text.slice(20, 60), text.slice(60, 3_000), text.slice(3_000, -3), text.slice(-3)];
  assert.deepEqual(await exchange(port, pieces, expected.length), expected);
});

test('what is no request ends the connection', async (context) => {
  const port = await startServer(context);
  await assert.rejects(exchange(port, ['nonsense\r\n\r\n'], 1), /closed after 0/);
});
