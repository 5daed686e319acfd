import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addedFieldsBytes, writeAddedFields } from '@sluice/protocols';
import { type Middleware, Verdict } from '../interface/middleware.ts';
import { headers } from '../registry.ts';
import { makeMiddleware, problemsOf, runExchange, TestExchange, type TestRequest } from '../testing/index.ts';

function hooksOf(middleware: Middleware): string[] {
  return Object.entries(middleware).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
}

function onRequest(customRequestHeaders: Record<string, string>, request: TestRequest = {}): TestExchange {
  const exchange = new TestExchange(request);
  assert.equal(makeMiddleware(headers, { customRequestHeaders }).onRequest!(exchange), Verdict.NEXT);
  return exchange;
}

test('a value replaces every received one, an empty value deletes', () => {
  const fields = [
    ['X-A', '1'],
    ['x-a', '2'],
    ['X-B', '3'],
    ['X-C', '4'],
  ] as const;
  const { request } = onRequest({ 'X-A': 'new', 'x-b': '', 'X-D': 'added' }, { fields });
  assert.deepEqual(request.getAll('x-a'), ['new']);
  assert.equal(request.has('x-b'), false);
  assert.deepEqual(request.getAll('x-c'), ['4']);
  assert.deepEqual(request.getAll('x-d'), ['added']);
});

test('Host sets the host that goes on, in any case; an empty one does nothing', () => {
  for (const name of ['Host', 'host']) {
    const { request } = onRequest({ [name]: 'other.example:81' });
    assert.equal(request.host, 'other.example:81');
    assert.equal(request.hostChanged, true);
  }
  const middleware = makeMiddleware(headers, { customRequestHeaders: { Host: '' } });
  assert.equal(middleware.onRequest, undefined);
});

test('X-Forwarded-For: "" suppresses the address, only in this spelling', () => {
  const fields = [['X-Forwarded-For', '192.0.2.9']] as const;
  const exact = onRequest({ 'X-Forwarded-For': '' }, { fields });
  assert.equal(exact.forwardedForSuppressed, true);
  assert.equal(exact.request.has('x-forwarded-for'), false);
  const other = onRequest({ 'x-forwarded-for': '' }, { fields });
  assert.equal(other.forwardedForSuppressed, false);
  assert.equal(other.request.has('x-forwarded-for'), false);
  assert.equal(onRequest({ 'X-Forwarded-For': '192.0.2.8' }).forwardedForSuppressed, false);
});

test('response headers are set and deleted on what the service sent', async () => {
  const middleware = makeMiddleware(headers, { customResponseHeaders: { Server: '', 'X-A': 'ours' } });
  assert.equal(middleware.onRequest, undefined);
  const exchange = new TestExchange();
  await runExchange(exchange, [middleware], () => {
    exchange.receive(200, [
      ['Server', 'x'],
      ['X-A', 'theirs'],
      ['X-A', 'again'],
      ['X-B', 'kept'],
    ]);
    return { body: [] };
  });
  assert.equal(exchange.response.has('server'), false);
  assert.deepEqual(exchange.response.getAll('x-a'), ['ours']);
  assert.deepEqual(exchange.response.getAll('x-b'), ['kept']);
});

test('response headers are set on answers made by middlewares further in', async () => {
  const outer = makeMiddleware(headers, { customResponseHeaders: { 'X-A': 'set' } });
  const inner: Middleware = {
    onRequest(exchange) {
      exchange.answer({ status: 403, fields: [], body: 'no' });
      return Verdict.ANSWERED;
    },
  };
  const exchange = new TestExchange();
  const outcome = await runExchange(exchange, [outer, inner], () => assert.fail('the service is not asked'));
  assert.equal(outcome.status, 403);
  assert.equal(exchange.response.get('x-a'), 'set');
});

test('values beyond ASCII go out as UTF-8, spaces around them do not', () => {
  const { request } = onRequest({ 'X-A': ' grüße 😀 ' });
  const bytes = Buffer.alloc(addedFieldsBytes(request));
  writeAddedFields(request, bytes, 0);
  assert.equal(bytes.toString('utf8'), 'X-A: grüße 😀\r\n');
});

test('names and values that could split a message are refused', () => {
  const problem = (map: object) => problemsOf(headers, { customRequestHeaders: map, customResponseHeaders: map });
  for (const name of ['', 'a b', 'a:', 'a\r\n', 'ü'])
    assert.match(problem({ [name]: 'x' }), /is not a header name/, name);
  for (const value of ['a\rb', 'a\nb', 'a\0b', 'a\x7f']) assert.match(problem({ 'X-A': value }), /control characters/);
  assert.match(problem({ 'X-A': '1', 'x-a': '2' }), /x-a: is given twice/);
  assert.equal(problem({ 'X-A': 'tab\there' }), '');
});

test('fields that frame a message are refused, set or deleted', () => {
  for (const name of ['Content-Length', 'transfer-encoding']) {
    for (const value of ['5', '']) {
      assert.match(problemsOf(headers, { customRequestHeaders: { [name]: value } }), /framing/, name);
      assert.match(problemsOf(headers, { customResponseHeaders: { [name]: value } }), /framing/, name);
    }
  }
  for (const name of ['Connection', 'Upgrade', 'TE', 'Keep-Alive', 'Trailer', 'Proxy-Connection']) {
    assert.match(problemsOf(headers, { customRequestHeaders: { [name]: 'x' } }), /connection/, name);
    assert.equal(problemsOf(headers, { customRequestHeaders: { [name]: '' } }), '', name);
  }
});

test('a Host value must be a host', () => {
  for (const value of ['a b', 'http://x', 'a/b', 'u@h', 'h:port', '[::1', 'ü.example']) {
    assert.match(problemsOf(headers, { customRequestHeaders: { Host: value } }), /Host: must be a host name/, value);
  }
});

test('without anything to do the options are refused', () => {
  for (const options of [{}, { customRequestHeaders: {} }, { frameDeny: false }]) {
    assert.match(problemsOf(headers, options), /does nothing/);
  }
});

test('deprecated options without effect are accepted, also alone', () => {
  const middleware = makeMiddleware(headers, { sslRedirect: true, featurePolicy: 'x', sslHost: 'h' });
  assert.deepEqual(hooksOf(middleware), []);
});

test('hooks exist only for what there is to do', () => {
  assert.deepEqual(hooksOf(makeMiddleware(headers, { customRequestHeaders: { A: '1' } })), ['onRequest']);
  assert.deepEqual(hooksOf(makeMiddleware(headers, { customResponseHeaders: { A: '1' } })), ['onResponse']);
});

test('forwarding fields are promised to be left alone where no name is one', () => {
  for (const [name, ignores] of [
    ['X-A', true],
    ['x-forwarded-proto', false],
    ['X_Real_IP', false],
    ['X-Scheme', false],
    ['host', false],
  ] as const) {
    const { ignoresForwardedFields } = makeMiddleware(headers, { customRequestHeaders: { 'X-B': '1', [name]: '2' } });
    assert.equal(ignoresForwardedFields, ignores, name);
  }
});
