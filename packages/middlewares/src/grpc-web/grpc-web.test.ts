import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderTable } from '@sluice/protocols';
import fc from 'fast-check';
import { type BodyTransform, type Middleware, Verdict } from '../interface/middleware.ts';
import { grpcWeb } from '../registry.ts';
import { makeMiddleware, pieces, problemsOf, TestExchange } from '../testing/index.ts';

const ORIGIN = 'https://app.example';

type Fields = readonly (readonly [string, string])[];

function call(contentType: string, options: object = {}, more: Fields = []) {
  const exchange = new TestExchange({
    method: 'POST',
    target: '/echo.Echo/Say',
    fields: [['content-type', contentType], ['Content-Length', '4'], ...more],
  });
  const middleware = makeMiddleware(grpcWeb, options);
  assert.equal(middleware.onRequest!(exchange), Verdict.NEXT);
  return { exchange, middleware };
}

/** The response hook runs; what the body goes through is returned. */
function respond(exchange: TestExchange, middleware: Middleware, fields: Fields): BodyTransform | undefined {
  exchange.receive(200, fields);
  middleware.onResponse!(exchange);
  return middleware.responseBody!(exchange);
}

function trailers(fields: Fields): HeaderTable {
  const table = new HeaderTable(Buffer.alloc(0));
  for (const [name, value] of fields) table.add(name, value);
  return table;
}

function through(transform: BodyTransform, chunks: readonly Buffer[], behind?: HeaderTable): Buffer {
  const sent: Buffer[] = [];
  for (const [index, chunk] of chunks.entries()) {
    const last = index === chunks.length - 1;
    const result = transform.push(chunk, last, last ? behind : undefined);
    if (result !== undefined) sent.push(Buffer.from(result));
    chunk.fill(0x23);
  }
  return Buffer.concat(sent);
}

/** What a browser's library does in text mode: each group of four characters stands for itself, padded or not. */
function decodeText(text: Buffer): Buffer {
  const groups = text.toString('latin1').match(/.{4}/gs) ?? [];
  assert.equal(groups.join(''), text.toString('latin1'));
  return Buffer.concat(groups.map((group) => Buffer.from(group, 'base64')));
}

const STATUS = trailers([
  ['Grpc-Status', '0'],
  ['grpc-message', 'fine'],
  ['x-many', '1'],
  ['x-many', '2'],
]);
const STATUS_TEXT = 'grpc-status: 0\r\ngrpc-message: fine\r\nx-many: 1\r\nx-many: 2\r\n';
const STATUS_FRAME = Buffer.concat([Buffer.of(0x80, 0, 0, 0, STATUS_TEXT.length), Buffer.from(STATUS_TEXT)]);

test('requests become those of gRPC, in every variant of the type', () => {
  const types = {
    'application/grpc-web': 'application/grpc',
    'application/grpc-web+proto': 'application/grpc+proto',
    'application/grpc-web-text': 'application/grpc',
    'application/grpc-web-text+proto': 'application/grpc+proto',
    'application/grpc-web+json; x=y': 'application/grpc+json; x=y',
  };
  for (const [type, expected] of Object.entries(types)) {
    const { exchange, middleware } = call(type);
    assert.deepEqual(exchange.request.getAll('content-type'), [expected]);
    assert.deepEqual(exchange.request.getAll('te'), ['trailers']);
    assert.equal(middleware.requestBody!(exchange) !== undefined, type.includes('text'), type);
    const body = respond(exchange, middleware, [['Content-Type', expected]]);
    assert.equal(exchange.response.get('content-type'), type);
    assert.equal(body?.absorbsTrailers, true);
  }
});

test('other requests and their responses are left alone', () => {
  const others: readonly (readonly [string, string])[] = [
    ['POST', 'application/grpc'],
    ['POST', 'text/plain'],
    ['PUT', 'application/grpc-web'],
    ['OPTIONS', 'application/grpc-web'],
  ];
  for (const [method, type] of others) {
    const exchange = new TestExchange({ method, fields: [['Content-Type', type]] });
    const middleware = makeMiddleware(grpcWeb, { allowOrigins: '*' });
    assert.equal(middleware.onRequest!(exchange), Verdict.NEXT);
    assert.equal(exchange.request.get('content-type'), type);
    assert.equal(middleware.requestBody!(exchange), undefined);
    assert.equal(respond(exchange, middleware, [['Content-Type', 'application/grpc']]), undefined);
    assert.deepEqual(exchange.response.addedNames, []);
  }
});

test('exchanges at the same time are told apart, and so are instances', () => {
  const middleware = makeMiddleware(grpcWeb, {});
  const make = (type: string): TestExchange => {
    const exchange = new TestExchange({ method: 'POST', fields: [['Content-Type', type]] });
    middleware.onRequest!(exchange);
    return exchange;
  };
  const [binary, text, plain] = [
    make('application/grpc-web'),
    make('application/grpc-web-text'),
    make('application/grpc'),
  ];
  const other = makeMiddleware(grpcWeb, {});
  other.onRequest!(text);
  for (const exchange of [plain, text, binary]) {
    respond(exchange, middleware, [['Content-Type', 'application/grpc']]);
    other.onResponse!(exchange);
    assert.equal(other.responseBody!(exchange), undefined);
  }
  const types = [plain, binary, text].map(({ response }) => response.get('content-type'));
  assert.deepEqual(types, ['application/grpc', 'application/grpc-web', 'application/grpc-web-text']);
});

test('binary mode: messages pass as they are, trailers become a frame', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat(20)), (body, sizes) => {
      const { exchange, middleware } = call('application/grpc-web+proto');
      const transform = respond(exchange, middleware, [['Content-Type', 'application/grpc+proto']])!;
      assert.deepEqual(through(transform, pieces(body, sizes), STATUS), Buffer.concat([body, STATUS_FRAME]));
    }),
  );
});

test('text mode: whatever the pieces, both directions arrive as they were sent', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat(20)), (body, sizes) => {
      const { exchange, middleware } = call('application/grpc-web-text');
      const request = Buffer.from(Buffer.from(body).toString('base64'));
      assert.deepEqual(through(middleware.requestBody!(exchange)!, pieces(request, sizes)), Buffer.from(body));
      const transform = respond(exchange, middleware, [['Content-Type', 'application/grpc']])!;
      const answer = through(transform, pieces(body, sizes), STATUS);
      assert.deepEqual(decodeText(answer), Buffer.concat([body, STATUS_FRAME]));
    }),
  );
});

test('text mode holds nothing back: a page sees each piece as it comes', () => {
  const { exchange, middleware } = call('application/grpc-web-text');
  const transform = respond(exchange, middleware, [['Content-Type', 'application/grpc']])!;
  for (const text of ['a', 'bc', 'def', 'ghij']) {
    const sent = transform.push(Buffer.from(text), false);
    assert.equal(decodeText(Buffer.from(sent!)).toString(), text);
  }
});

test('a request body that is no base64, or ends early, ends the exchange', () => {
  for (const text of ['AAA', 'AA$A']) {
    const { exchange, middleware } = call('application/grpc-web-text');
    assert.throws(() => middleware.requestBody!(exchange)!.push(Buffer.from(text), true), /base64/);
  }
});

test('the outcome in the head needs no frame; no outcome at all is an empty one', () => {
  const head: Fields = [
    ['Content-Type', 'application/grpc'],
    ['Grpc-Status', '5'],
  ];
  const { exchange, middleware } = call('application/grpc-web');
  const transform = respond(exchange, middleware, head)!;
  assert.equal(transform.push(Buffer.alloc(0), true, trailers([])), undefined);
  assert.equal(exchange.response.get('grpc-status'), '5');
  const other = call('application/grpc-web');
  const without = respond(other.exchange, other.middleware, head.slice(0, 1))!;
  assert.deepEqual(Buffer.from(without.push(Buffer.alloc(0), true)!), Buffer.of(0x80, 0, 0, 0, 0));
});

test('answers that are not of gRPC keep their type and body, but may be read', () => {
  for (const type of ['text/html', 'application/grpc-web', 'application/grpcish']) {
    const { exchange, middleware } = call('application/grpc-web-text', { allowOrigins: [ORIGIN] }, [
      ['Origin', ORIGIN],
    ]);
    assert.equal(respond(exchange, middleware, [['Content-Type', type]]), undefined, type);
    assert.equal(exchange.response.get('content-type'), type);
    assert.equal(exchange.response.get('access-control-allow-origin'), ORIGIN);
  }
});

test('responses tell browsers who may read what', () => {
  const fields: Fields = [
    ['Content-Type', 'application/grpc'],
    ['Trailer', 'grpc-status'],
    ['X-Own', 'a'],
    ['x-own', 'b'],
    ['Access-Control-Allow-Origin', '*'],
  ];
  const { exchange, middleware } = call('application/grpc-web', { allowOrigins: ORIGIN }, [['Origin', ORIGIN]]);
  respond(exchange, middleware, fields);
  const { response } = exchange;
  assert.deepEqual(response.getAll('access-control-allow-origin'), [ORIGIN]);
  assert.deepEqual(response.getAll('access-control-allow-credentials'), ['true']);
  assert.deepEqual(response.getAll('vary'), ['Origin']);
  assert.equal(response.has('trailer'), false);
  const exposed = response.get('access-control-expose-headers')!.split(', ');
  const expected = ['access-control-allow-credentials', 'access-control-allow-origin', 'content-type', 'grpc-message'];
  assert.deepEqual(exposed.toSorted(), [...expected, 'grpc-status', 'vary', 'x-own']);
});

test('another origin is served, but not told that it may read', () => {
  const cases: readonly (readonly [object, Fields])[] = [
    [{ allowOrigins: [ORIGIN] }, [['Origin', 'https://app.example.org']]],
    [{ allowOrigins: [ORIGIN] }, []],
    [{}, [['Origin', ORIGIN]]],
    [{ allowOrigins: '*' }, []],
  ];
  for (const [options, fields] of cases) {
    const { exchange, middleware } = call('application/grpc-web', options, fields);
    respond(exchange, middleware, [['Content-Type', 'application/grpc']]);
    assert.deepEqual(exchange.response.getAll('vary'), ['Origin']);
    assert.equal(exchange.response.has('access-control-allow-origin'), false);
    assert.equal(exchange.response.has('access-control-allow-credentials'), false);
  }
});

function preflight(options: object, fields: Fields) {
  const exchange = new TestExchange({ method: 'OPTIONS', target: '/echo.Echo/Say', fields });
  const verdict = makeMiddleware(grpcWeb, options).onRequest!(exchange);
  return { verdict, answer: exchange.answered };
}

const VARY: Fields = [
  ['Vary', 'Origin'],
  ['Vary', 'Access-Control-Request-Method'],
  ['Vary', 'Access-Control-Request-Headers'],
];
const ASKED: Fields = [
  ['Origin', ORIGIN],
  ['Access-Control-Request-Method', 'post'],
  ['Access-Control-Request-Headers', 'content-type,X-GRPC-web, x-user-agent'],
];

test('a preflight is answered here', () => {
  for (const allowOrigins of ['*', [ORIGIN]]) {
    const { verdict, answer } = preflight({ allowOrigins }, ASKED);
    assert.equal(verdict, Verdict.ANSWERED);
    assert.deepEqual(answer, {
      status: 200,
      body: '',
      fields: [
        ...VARY,
        ['Access-Control-Allow-Origin', ORIGIN],
        ['Access-Control-Allow-Methods', 'POST'],
        ['Access-Control-Allow-Headers', 'Content-Type, X-Grpc-Web, X-User-Agent'],
        ['Access-Control-Allow-Credentials', 'true'],
        ['Access-Control-Max-Age', '600'],
      ],
    });
  }
});

test('a preflight of others gets no permission', () => {
  const denied = [
    preflight({ allowOrigins: ['https://other.example'] }, ASKED),
    preflight({ allowOrigins: '*' }, ASKED.slice(1)),
    preflight({ allowOrigins: '*' }, [ASKED[0]!, ['Access-Control-Request-Method', 'DELETE'], ASKED[2]!]),
  ];
  for (const { answer } of denied) assert.deepEqual(answer, { status: 200, body: '', fields: VARY });
});

test('other OPTIONS requests go to the server', () => {
  for (const fields of [ASKED.slice(0, 2), [ASKED[0]!, ASKED[2]!], []]) {
    assert.equal(preflight({ allowOrigins: '*' }, fields).verdict, Verdict.NEXT);
  }
});

test('options', () => {
  assert.deepEqual(grpcWeb.schema.parse({}), { allowOrigins: [] });
  assert.deepEqual(grpcWeb.schema.parse({ allowOrigins: 'a, b' }), { allowOrigins: ['a', 'b'] });
  assert.match(problemsOf(grpcWeb, { allowOrigins: [1] }), /must be a list of strings/);
});
