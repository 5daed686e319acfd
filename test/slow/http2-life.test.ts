// Sessions of HTTP/2 while Sluice changes, stops, and loses workers: seen by clients of Node and by h2load.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { Http2Session, type StreamAnswer } from '../support/http2-session.ts';
import { h2load, requireNghttp2 } from '../support/nghttp2.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';
import { killWorker } from '../support/worker-kill.ts';

const NAME = 'www.example.test';
const SESSIONS = 24;
const STREAMS = 5;
const timeout = 90_000;

async function prepare(context: TestContext, workers: number) {
  const upstreams = [await UpstreamProcess.start(context, 'a'), await UpstreamProcess.start(context, 'b')];
  const secure = await SecureSite.create(context, {}, { log: { level: 'INFO', format: 'json' } });
  const certificates = [secure.issue(NAME)];
  const write = (turn: number) =>
    secure.site.writeDynamic(securedTo({ servers: [upstreams[turn % 2]!.url], certificates }));
  write(0);
  const node = await secure.site.serve({ workers });
  const reach = { port: secure.securePort, name: NAME, ca: readFileSync(secure.authority.certFile) };
  const open = (count: number) =>
    Promise.all(Array.from({ length: count }, () => new Http2Session(context, reach).connected()));
  return { secure, node, write, open };
}

const failuresOf = (answers: readonly StreamAnswer[]) =>
  answers.filter(({ status, failure }) => status !== 200 || failure !== '');

/** Several streams at once on each. */
async function askAll(sessions: readonly Http2Session[], path: string): Promise<StreamAnswer[]> {
  const asked = sessions.flatMap((session) => Array.from({ length: STREAMS }, () => session.ask(path)));
  return await Promise.all(asked);
}

test('changes of the configuration cost no request, and sessions stay', { timeout }, async (context) => {
  requireNghttp2(context);
  const { secure, node, write, open } = await prepare(context, 2);
  const [session] = await open(1);
  const load = h2load('-n', '6000', '-c', '4', '-m', '8', `https://127.0.0.1:${secure.securePort}/`);
  let loading = true;
  const done = load.finally(() => {
    loading = false;
  });
  let turn = 0;
  while (loading || turn < 4) {
    write(++turn);
    const wanted = 'ab'[turn % 2]!;
    await eventually(`requests of a session go to ${wanted}`, async () => {
      const { status, body } = await session!.ask('/');
      assert.equal(status, 200);
      return body.startsWith(wanted);
    });
  }
  const { succeeded, failed, errored } = await done;
  assert.deepEqual([succeeded, failed, errored], [6000, 0, 0]);
  assert.deepEqual([session!.end, session!.goaway], ['', -1]);
  assert.deepEqual(node.complaints, []);
  context.diagnostic(`${turn} changes`);
});

test('a killed worker costs its own sessions', { timeout }, async (context) => {
  const { secure, node, open } = await prepare(context, 2);
  let sessions = await open(SESSIONS);
  for (const slot of [0, 1]) {
    assert.deepEqual(failuresOf(await askAll(sessions, '/')), []);
    const own = await killWorker(node, secure.securePort, slot);
    const hit = sessions.filter(({ port }) => own.has(port));
    const rest = sessions.filter(({ port }) => !own.has(port));
    assert.ok(hit.length > 0 && rest.length > 0, `${hit.length} of ${SESSIONS}`);
    await eventually('all of its sessions end', () => hit.every(({ end }) => end !== ''));
    assert.deepEqual(failuresOf(await askAll(rest, '/')), []);
    assert.deepEqual(new Set(rest.map(({ end }) => end)), new Set(['']));
    sessions = [...rest, ...(await open(hit.length))];
  }
});

test('a node that stops answers what was asked, and says that it goes', { timeout }, async (context) => {
  const { node, open } = await prepare(context, 2);
  const sessions = await open(SESSIONS);
  assert.deepEqual(failuresOf(await askAll(sessions, '/')), []);
  const answers = askAll(sessions, '/slow?2000');
  // These have nothing under way. Meanwhile the requests have arrived.
  const idle = await open(4);
  await sleep(200);
  const left = node.stop();
  assert.deepEqual(failuresOf(await answers), []);
  assert.equal(await left, 0);
  await eventually('all sessions end', () => [...sessions, ...idle].every(({ end }) => end !== ''));
  assert.deepEqual(new Set([...sessions, ...idle].map(({ goaway }) => goaway)), new Set([0]));
});
