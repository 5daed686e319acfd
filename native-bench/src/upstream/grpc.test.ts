// The upstream server for gRPC, asked by Node's HTTP/2 client: head, message and trailers of every stream, also of many at once.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { allowedCores } from '../lab/cores.ts';
import { Processes } from '../lab/processes.ts';
import { ask } from '../load/ask.ts';
import { LineClient } from '../load/line-client.ts';
import { bodyOf } from '../load/load-request.ts';
import { GRPC_CALL, GRPC_MESSAGE_BYTES } from './grpc-answers.ts';

const BODY = Buffer.from(bodyOf(GRPC_CALL.body!), 'latin1');

async function startServer(context: TestContext): Promise<number> {
  const processes = new Processes();
  context.after(() => processes.stopAll());
  const command = [process.execPath, join(import.meta.dirname, 'grpc-main.ts')];
  const server = await processes.start({ command, cores: allowedCores(), openFiles: 1024, folder: tmpdir() });
  return Number(await new LineClient(server).next());
}

/** @returns body and status of one call. */
async function call(session: ClientHttp2Session): Promise<{ body: Buffer; status: unknown }> {
  const stream = session.request({ ':method': 'POST', ':path': GRPC_CALL.path, te: 'trailers' });
  const pieces: Buffer[] = [];
  let status: unknown;
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('trailers', (trailers) => {
    status = trailers['grpc-status'];
  });
  stream.end(BODY);
  await once(stream, 'end');
  return { body: Buffer.concat(pieces), status };
}

test('a call is answered with a message and a status', async (context) => {
  const port = await startServer(context);
  const { method, path, headers } = GRPC_CALL;
  const reply = await ask({ port, protocol: 'h2c', method, path, headers, body: BODY });
  assert.equal(reply.status, 200);
  assert.equal(reply.bodyBytes, GRPC_MESSAGE_BYTES);
  assert.equal(reply.headers['content-type'], 'application/grpc');
  assert.equal(reply.headers['grpc-status'], '0');
});

test('many calls on one connection, more than its window holds at a time', { timeout: 60_000 }, async (context) => {
  const port = await startServer(context);
  const session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: GRPC_MESSAGE_BYTES } });
  const calls = Array.from({ length: 3_000 }, () => call(session));
  try {
    for (const { body, status } of await Promise.all(calls)) {
      assert.deepEqual({ body, status }, { body: BODY, status: '0' });
    }
  } finally {
    // Before the server, whose end would be an error of the session.
    session.destroy();
  }
});

test('another protocol ends the connection', async (context) => {
  const port = await startServer(context);
  await assert.rejects(ask({ port }));
});
