// Staples from real responses: openssl signs them, HTTP carries them, and the stapler decides what clients may get.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../../test/support/eventually.ts';
import { OcspStapler, type OcspStaplerOptions, type StapledPair } from '../src/index.ts';
import { RESPONSE_MAX_BYTES } from '../src/ocsp/fetch-staple.ts';
import { type Answer, OcspAuthority, RESPONDER_URL, type Responder, startResponder } from './support/ocsp-authority.ts';

const DAY_MS = 86_400_000;

async function setUp(context: TestContext, options: Partial<OcspStaplerOptions> = {}) {
  const authority = new OcspAuthority(context);
  const answering: Answer = (request, response) => void response.end(authority.respond(request));
  const responder = await startResponder(context, answering);
  const warnings: string[] = [];
  let changes = 0;
  const stapler = new OcspStapler({
    responderOverrides: { [RESPONDER_URL]: responder.url },
    log: { debug: () => {}, warn: (fields) => warnings.push(JSON.stringify(fields)) },
    onChange: () => changes++,
    ...options,
  });
  context.after(() => stapler.close());
  const issue = (name: string, urls?: readonly string[]): StapledPair => {
    const pair = authority.issue(name, urls);
    authority.set(pair, 'good');
    return pair;
  };
  const stapled = (count: number): Promise<number> =>
    eventually(
      () => `${count} staples; ${warnings.join()}`,
      () => stapler.staples.size === count,
    );
  const warned = (): Promise<number> => eventually('a warning', () => warnings.length > 0);
  return { authority, responder, stapler, warnings, issue, stapled, warned, changes: () => changes };
}

test('certificates that name a responder get staples; all at once is told once', async (context) => {
  const { authority, stapler, issue, stapled, changes, responder, warnings } = await setUp(context);
  const pairs = [issue('a.example'), issue('b.example'), issue('none.example', [])];
  // Both at once, however long openssl takes.
  const answers: (() => void)[] = [];
  responder.answer = (request, response) => {
    const bytes = authority.respond(request);
    answers.push(() => response.end(bytes));
    if (answers.length === 2) for (const answer of answers) answer();
  };
  stapler.apply([...pairs, pairs[0]!]);
  assert.equal(stapler.staples.size, 0, 'nobody waits');
  await stapled(2);
  await eventually('told', () => changes() === 1);
  assert.deepEqual(new Set(stapler.staples.keys()), new Set([pairs[0]!.id, pairs[1]!.id]));
  const [first] = responder.requests;
  assert.deepEqual([first!.method, first!.headers['content-type']], ['POST', 'application/ocsp-request']);
  stapler.apply(pairs);
  await sleep(100);
  assert.deepEqual([responder.requests.length, changes(), warnings], [2, 1, []]);
});

test('without an override, the responder that the certificate names is asked', async (context) => {
  const { stapler, issue, stapled, responder } = await setUp(context);
  stapler.apply([issue('a.example', [responder.url])]);
  await stapled(1);
});

test('responders are asked in their order, until one knows', async (context) => {
  const { stapler, issue, stapled, responder, warnings } = await setUp(context);
  const broken = await startResponder(context, (_request, response) => response.writeHead(500).end());
  stapler.apply([issue('a.example', ['ldap://x.example/', broken.url, responder.url, 'http://[::1]:1/'])]);
  await stapled(1);
  assert.deepEqual([broken.requests.length, responder.requests.length, warnings], [1, 1, []]);
});

const bad: readonly (readonly [string, Answer, RegExp])[] = [
  ['an error', (_request, response) => response.writeHead(404).end('no'), /status 404/],
  ['a redirect', (_request, response) => response.writeHead(302, { location: '/' }).end(), /status 302/],
  ['rubbish', (_request, response) => response.end('<html>'), /cannot be read/],
  ['nothing', (_request, response) => response.end(), /cannot be read/],
  [
    'a response that is too long',
    (_request, response) => response.end(Buffer.alloc(RESPONSE_MAX_BYTES + 1)),
    /more than 65536 bytes/,
  ],
  ['an endless one', (_request, response) => endless(response), /more than 65536 bytes/],
  ['silence', () => {}, /no answer within 300 ms/],
  ['a head and silence', (_request, response) => response.flushHeaders(), /no answer within 300 ms/],
  ['a broken connection', (_request, response) => response.destroy(), /other side closed|socket hang up|terminated/],
];

function endless(response: Parameters<Answer>[1]): void {
  const more = (): boolean => response.write(Buffer.alloc(10_000));
  response.on('drain', more);
  while (more());
}

for (const [what, answer, message] of bad) {
  test(`a responder that gives ${what} costs a warning and nothing else`, async (context) => {
    // Short where it is waited for; else the machine may be busy.
    const timeoutMs = message.source.includes('300 ms') ? 300 : 30_000;
    const { stapler, issue, warned, warnings, responder, changes } = await setUp(context, { timeoutMs });
    responder.answer = answer;
    stapler.apply([issue('a.example')]);
    await warned();
    assert.match(warnings[0]!, message);
    assert.match(warnings[0]!, /"code":"OCSP_FAILED","certificate":"a.example"/);
    assert.deepEqual([stapler.staples.size, changes(), responder.requests.length], [0, 0, 1]);
  });
}

test('a response of another authority is no staple', async (context) => {
  const { stapler, issue, warned, warnings, responder } = await setUp(context);
  const other = new OcspAuthority(context);
  responder.answer = (request, response) => void response.end(other.respond(request));
  stapler.apply([issue('a.example')]);
  await warned();
  assert.match(warnings[0]!, /not signed by the issuer|not about|unknown/);
  assert.equal(stapler.staples.size, 0);
});

test('that a certificate is revoked is stapled, and said aloud', async (context) => {
  const { authority, stapler, stapled, warnings } = await setUp(context);
  const pair = authority.issue('a.example');
  authority.set(pair, 'revoked');
  stapler.apply([pair]);
  await stapled(1);
  assert.match(warnings.join(), /is revoked/);
});

test('a chain without its issuer costs a warning, once, and nobody is asked', async (context) => {
  const { stapler, issue, warnings, responder } = await setUp(context);
  const pair = issue('a.example');
  const alone = { ...pair, chainPem: pair.chainPem.split(/(?<=-----END CERTIFICATE-----\n)/)[0]! };
  stapler.apply([alone]);
  stapler.apply([alone]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /comes without that of its issuer/);
  assert.equal(responder.requests.length, 0);
});

test('what has ended is not handed out, and is told', async (context) => {
  let shiftMs = 0;
  const { stapler, issue, stapled, changes, responder } = await setUp(context, { now: () => Date.now() + shiftMs });
  const pair = issue('a.example');
  stapler.apply([pair]);
  await stapled(1);
  await eventually('told', () => changes() === 1);
  responder.answer = (_request, response) => response.writeHead(503).end();
  shiftMs = 3 * DAY_MS;
  stapler.apply([pair]);
  await eventually('asked again', () => responder.requests.length === 2);
  assert.equal(stapler.staples.size, 1, 'still current');
  shiftMs = 5 * DAY_MS;
  assert.equal(stapler.staples.size, 0);
  stapler.apply([pair]);
  await eventually('told', () => changes() === 2);
});

test('renewed after half its life', async (context) => {
  let shiftMs = 0;
  const { stapler, issue, stapled, responder, changes } = await setUp(context, { now: () => Date.now() + shiftMs });
  const pair = issue('a.example');
  stapler.apply([pair]);
  await stapled(1);
  await eventually('told', () => changes() === 1);
  const first = stapler.staples.get(pair.id)!;
  shiftMs = 1.5 * DAY_MS;
  stapler.apply([pair]);
  await sleep(50);
  assert.equal(responder.requests.length, 1);
  shiftMs = 2.3 * DAY_MS;
  stapler.apply([pair]);
  await eventually('another one', () => !stapler.staples.get(pair.id)!.equals(first));
  await eventually('told', () => changes() === 2);
});

test('a certificate that is gone for less than a day is not asked about again when it comes back', async (context) => {
  let shiftMs = 0;
  const { stapler, issue, stapled, responder } = await setUp(context, { now: () => Date.now() + shiftMs });
  const pair = issue('a.example');
  stapler.apply([pair]);
  await stapled(1);
  stapler.apply([]);
  assert.equal(stapler.staples.size, 0);
  stapler.apply([pair]);
  assert.deepEqual([stapler.staples.size, responder.requests.length], [1, 1]);
  stapler.apply([]);
  shiftMs = DAY_MS + 1;
  stapler.apply([]);
  stapler.apply([pair]);
  assert.equal(stapler.staples.size, 0);
  await stapled(1);
  assert.equal(responder.requests.length, 2);
});

test('few are asked at the same time, and all in the end', async (context) => {
  const { authority, stapler, issue, stapled, responder } = await setUp(context);
  const running = { now: 0, most: 0 };
  slowly(responder, authority, running);
  stapler.apply(Array.from({ length: 9 }, (_, number) => issue(`${number}.example`)));
  await stapled(9);
  assert.equal(running.most, 4);
});

function slowly(responder: Responder, authority: OcspAuthority, running: { now: number; most: number }): void {
  responder.answer = (request, response) => {
    running.most = Math.max(running.most, ++running.now);
    const finish = (): void => {
      running.now--;
      response.end(authority.respond(request));
    };
    // Until as many as may be are there, and a moment for one too many.
    const wait = (): unknown => setTimeout(running.most < 4 ? wait : finish, 50);
    wait();
  };
}

test('closed in the middle, it says nothing more', async (context) => {
  const { stapler, issue, responder, warnings, changes } = await setUp(context);
  responder.answer = () => {};
  stapler.apply([issue('a.example')]);
  await eventually('asked', () => responder.requests.length === 1);
  await stapler.close();
  await sleep(50);
  assert.deepEqual([warnings, changes(), stapler.staples.size], [[], 0, 0]);
  assert.throws(() => stapler.apply([]), /closed/);
});
