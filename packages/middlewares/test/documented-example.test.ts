import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gate } from '../../../examples/middleware/gate.ts';
import type { Middleware } from '../src/index.ts';
import { makeMiddleware, problemsOf, runExchange, TestExchange } from '../src/testing/index.ts';

const OPTIONS = {
  ticketSha256: createHash('sha256').update('open').digest('hex'),
  bodyMaxBytes: 10,
  signature: 'signed',
};
const TICKET = [['X-Ticket', 'open']] as const;

function answerText(exchange: TestExchange) {
  return () => {
    exchange.receive(200, [['Content-Type', 'text/plain']]);
    return { body: ['one ', 'two'] };
  };
}

test('the page shows the example as it is', () => {
  const page = readFileSync(new URL('../../../docs/extending/middleware-interface.md', import.meta.url), 'utf8');
  const code = readFileSync(new URL('../../../examples/middleware/gate.ts', import.meta.url), 'utf8');
  const [, body] = /(const gateOptions[\s\S]*)$/.exec(code)!;
  assert.ok(page.includes(body!.trimEnd()), 'copy examples/middleware/gate.ts from gateOptions on into the page');
});

test('the page names every member of the interface', () => {
  const page = readFileSync(new URL('../../../docs/extending/middleware-interface.md', import.meta.url), 'utf8');
  for (const file of ['exchange', 'middleware']) {
    const source = readFileSync(new URL(`../src/interface/${file}.ts`, import.meta.url), 'utf8');
    const members = [...source.matchAll(/^ {2}(?:readonly )?([a-zA-Z]+)\??[(:]/gm)].map((match) => match[1]!);
    assert.ok(members.length >= 6);
    for (const member of members) assert.ok(page.includes(member), `${member} of ${file}.ts`);
  }
});

test('no ticket is answered at once', async () => {
  const exchange = new TestExchange();
  const outcome = await runExchange(exchange, [makeMiddleware(gate, OPTIONS)], () => assert.fail('not asked'));
  assert.deepEqual(outcome, { status: 401, responseBody: 'Unauthorized', requestBody: undefined });
  assert.equal(exchange.response.get('www-authenticate'), 'Ticket');
  assert.equal(exchange.response.has('x-gate'), false, 'its own response hook does not run');
});

test('a wrong ticket is answered later, and outer response hooks run', async () => {
  const exchange = new TestExchange({ fields: [['X-Ticket', 'wrong']] });
  const outer: Middleware = { onResponse: ({ response }) => response.set('X-Outer', 'seen') };
  const middlewares = [outer, makeMiddleware(gate, OPTIONS)];
  const outcome = await runExchange(exchange, middlewares, () => assert.fail('not asked'));
  assert.equal(outcome.status, 403);
  assert.equal(exchange.response.get('x-outer'), 'seen');
});

test('a known ticket goes on later, without the ticket, with both bodies seen', async () => {
  const exchange = new TestExchange({ method: 'POST', fields: [...TICKET, ['X-Other', 'kept']] });
  const middleware = makeMiddleware(gate, OPTIONS);
  const outcome = await runExchange(exchange, [middleware], answerText(exchange), ['12345', '67890']);
  assert.deepEqual(outcome, { status: 200, responseBody: 'one two\nsigned\n', requestBody: '1234567890' });
  assert.equal(exchange.request.has('x-ticket'), false);
  assert.equal(exchange.request.get('x-other'), 'kept', 'the head has survived the suspension');
  assert.equal(exchange.response.get('x-gate'), 'passed');
});

test('a body that is too long ends the exchange', async () => {
  const exchange = new TestExchange({ method: 'POST', fields: TICKET });
  const run = runExchange(exchange, [makeMiddleware(gate, OPTIONS)], answerText(exchange), ['12345', '678901']);
  await assert.rejects(run, /too long/);
});

test('other answers than text stay untouched', async () => {
  const exchange = new TestExchange({ fields: TICKET });
  const outcome = await runExchange(exchange, [makeMiddleware(gate, OPTIONS)], () => {
    exchange.receive(200, [['Content-Type', 'image/png']]);
    return { body: ['png'] };
  });
  assert.equal(outcome.responseBody, 'png');
});

test('options are checked', () => {
  assert.match(problemsOf(gate, { ticketSha256: 'x' }), /64 hexadecimal digits/);
  assert.match(problemsOf(gate, { ...OPTIONS, bodyMaxBytes: -1 }), /bodyMaxBytes/);
});
