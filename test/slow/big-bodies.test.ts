// Bodies of more than 2 GiB, up and down, with a length and in chunks: every byte arrives where it belongs, and the worker
// holds no more of them than its buffers, also while the reader is slow.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import { everythingTo } from '../support/configurations.ts';
import { PatternSink, patternSource } from '../support/pattern.ts';
import { memoryOf } from '../support/process-view.ts';
import { SluiceSite } from '../support/sluice-site.ts';

/** Beyond what fits into 31 bits. */
const BODY_BYTES = 2 ** 31 + 12_345;
/** The pools are filled and the code is compiled afterwards. */
const WARM_UP_BYTES = 64 * 1024 * 1024;
/** A stretch in which the reader waits after each piece: some seconds. */
const SLOW = { fromBytes: 16 * 1024 * 1024, toBytes: 48 * 1024 * 1024, waitMs: 10 };
const GROWTH_MAX_KIB = 64 * 1024;
const FRAMINGS = ['with a length', 'in chunks'] as const;
const timeout = 300_000;

type Framing = (typeof FRAMINGS)[number];

for (const framing of FRAMINGS) {
  test(`2 GiB up ${framing}: all arrives, the worker does not grow`, { timeout }, (context) =>
    moved(context, (port, bytes) => upload(port, bytes, framing)),
  );
  test(`2 GiB down ${framing}: all arrives, the worker does not grow`, { timeout }, (context) =>
    moved(context, (port, bytes) => download(port, bytes, framing)),
  );
}

async function moved(context: TestContext, move: (port: number, bytes: number) => Promise<void>): Promise<void> {
  const upstream = await startUpstream(context);
  const site = await SluiceSite.create(context);
  const transport = { respondingTimeouts: { readTimeout: '0s', writeTimeout: '0s' } };
  site.writeStatic({ entryPoints: { web: { address: `127.0.0.1:${site.port}`, transport } } });
  site.writeDynamic(everythingTo({ servers: [upstream] }));
  const node = await site.serve({ workers: 1 });
  const [worker] = node.workerPids;
  await move(site.port, WARM_UP_BYTES);
  const before = memoryOf(worker!).rss;
  const start = performance.now();
  await move(site.port, BODY_BYTES);
  const seconds = (performance.now() - start) / 1000;
  const growth = peakMemoryOf(worker!) - before;
  context.diagnostic(`${seconds.toFixed(1)} s; resident ${before} KiB before, at most ${growth} KiB more meanwhile`);
  assert.ok(growth < GROWTH_MAX_KIB, `the worker grew by ${growth} KiB`);
  assert.deepEqual(node.complaints, []);
  assert.equal(await node.stop(), 0);
}

/** Checks what it gets and says how much it was; gives as many bytes as the path asks for. */
async function startUpstream(context: TestContext): Promise<string> {
  const server = createServer((incoming, response) => {
    const answered = incoming.method === 'POST' ? takeBody(incoming, response) : giveBody(incoming, response);
    // The other side sees a body that breaks off, and says so.
    answered.catch(() => response.destroy());
  });
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function takeBody(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const sink = new PatternSink(SLOW);
  await pipeline(incoming, sink);
  response.end(`${sink.received} ${incoming.headers['transfer-encoding'] ?? incoming.headers['content-length']}`);
}

async function giveBody({ url }: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, framing, bytes] = url!.split('/');
  if (framing === 'length') response.setHeader('Content-Length', bytes!);
  await pipeline(patternSource(Number(bytes)), response);
}

async function upload(port: number, bytes: number, framing: Framing): Promise<void> {
  const hasLength = framing === 'with a length';
  const headers = hasLength ? { 'Content-Length': bytes } : {};
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST', path: '/', headers, agent: false });
  const [[response]] = await Promise.all([
    once(outgoing, 'response') as Promise<[IncomingMessage]>,
    pipeline(patternSource(bytes), outgoing),
  ]);
  const said = await text(response);
  assert.equal(said, `${bytes} ${hasLength ? bytes : 'chunked'}`);
}

async function download(port: number, bytes: number, framing: Framing): Promise<void> {
  const path = `/${framing === 'with a length' ? 'length' : 'chunks'}/${bytes}`;
  const outgoing = request({ host: '127.0.0.1', port, path, agent: false }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers['content-length'], framing === 'with a length' ? String(bytes) : undefined);
  const sink = new PatternSink(SLOW);
  await pipeline(response, sink);
  assert.equal(sink.received, bytes);
}

/** The most that was ever resident, in kibibytes. */
function peakMemoryOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}
