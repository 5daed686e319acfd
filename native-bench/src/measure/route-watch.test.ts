// Times are taken from the writing of each route, and a route that never works is an error.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RouteWatch } from './route-watch.ts';

async function serverOf(context: TestContext, known: Set<string>): Promise<number> {
  const server = createServer((request, response) => {
    response.writeHead(known.has(request.headers.host ?? '') ? 200 : 404).end();
  }).listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('every route is timed from its own writing', async (context) => {
  const known = new Set<string>();
  const watch = new RouteWatch(await serverOf(context, known), 2, 'nobody');
  context.after(() => watch.stop());
  watch.expect('first');
  await sleep(1_000);
  watch.expect('second');
  known.add('first').add('second');
  assert.equal(await watch.settled(60_000), 0);
  const [first, second] = watch.effectsMs as [number, number];
  assert.ok(first >= 995, `${first}`);
  assert.ok(second < first, `${second} ${first}`);
});

test('a route that never works is reported', async (context) => {
  const watch = new RouteWatch(await serverOf(context, new Set()), 2);
  context.after(() => watch.stop());
  watch.expect('never');
  assert.equal(await watch.settled(30), 1);
});
