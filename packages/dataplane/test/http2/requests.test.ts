// Requests over HTTP/2 as frames: what a server of HTTP/1 gets of them, what is answered, and what is refused (RFC 9113 §8).

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { FrameType, Http2ErrorCode } from '@sluice/protocols';
import { type Fields, FrameClient, requestFields } from '../../src/testing/frame-client.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import { answerHeads, type RawHandler } from '../../src/testing/raw-server.ts';

const OK = 'HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\nok';

describe('requests over HTTP/2', () => {
  let proxy: ProxyUnderTest;
  let client: FrameClient;
  const start = async (handler: RawHandler = answerHeads(OK), options: ProxyOptions = {}) => {
    proxy = await startProxy(handler, options);
    client = await FrameClient.open(proxy.port);
  };
  afterEach(async () => {
    client?.close();
    await proxy?.close();
  });

  it('become requests of HTTP/1', async () => {
    await start();
    client.headers(1, [...requestFields({ ':path': '/a?b=c' }), ['x-one', '1'], ['te', 'trailers']]);
    await client.untilOver(1);
    assert.equal(
      proxy.server.received,
      'GET /a?b=c HTTP/1.1\r\nHost: h\r\nx-one: 1\r\n' +
        `X-Real-Ip: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 80\r\nX-Forwarded-Host: h\r\nX-Forwarded-Server: ${(await import('node:os')).hostname()}\r\n` +
        'X-Forwarded-For: 127.0.0.1\r\nTe: trailers\r\n\r\n',
    );
    assert.deepEqual(client.of(1, FrameType.HEADERS)[0]!.fields, [':status: 200', 'date: x', 'content-length: 2']);
    assert.equal(client.body(1), 'ok');
    assert.equal(client.of(1).length, 2, 'head and body are one frame each');
  });

  it('are told by Host where there is no authority, and joined crumbs of a cookie', async () => {
    await start();
    const fields = requestFields().filter(([name]) => name !== ':authority');
    client.headers(1, [...fields, ['host', 'other'], ['cookie', 'a=1'], ['x', 'y'], ['cookie', 'b=2']]);
    await client.untilOver(1);
    assert.match(proxy.server.received, /^GET \/ HTTP\/1\.1\r\nHost: other\r\ncookie: a=1; b=2\r\nx: y\r\n/);
  });

  it('with a body of known length go with that length', async () => {
    await start((connection) => {
      if (connection.received.endsWith('hello')) connection.socket.write(OK);
    });
    client.headers(1, requestFields({ ':method': 'POST', 'content-length': '005' }), false);
    client.data(1, 'hel').data(1, 'lo', true);
    await client.untilOver(1);
    assert.match(proxy.server.received, /\r\nContent-Length: 5\r\n\r\nhello$/);
    assert.doesNotMatch(proxy.server.received, /chunked|005/i);
  });

  it('with a body of unknown length go in chunks', async () => {
    await start((connection, chunk) => {
      if (chunk.endsWith('0\r\n\r\n')) connection.socket.write(OK);
    });
    client
      .headers(1, requestFields({ ':method': 'POST' }), false)
      .data(1, 'hello')
      .data(1, '', true);
    await client.untilOver(1);
    assert.match(proxy.server.received, /\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/);
  });

  it('are served side by side on one connection, whatever the order of answers', async () => {
    const waiting: (() => void)[] = [];
    await start((connection, chunk) => {
      const path = /^GET (\S+)/.exec(chunk)![1]!;
      waiting.unshift(() =>
        connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`),
      );
      if (waiting.length === 100) for (const answer of waiting) answer();
    });
    for (let i = 0; i < 100; i++) client.compressed(2 * i + 1, requestFields({ ':path': `/${i}` }));
    for (let i = 0; i < 100; i++) await client.untilOver(2 * i + 1);
    for (let i = 0; i < 100; i++) assert.equal(client.body(2 * i + 1), `/${i}`);
    await proxy.untilQuiet();
    assert.equal(proxy.dataplane.bufferedBytes, 0);
  });

  it('get 404, 431, 414, 417 and 501 as over HTTP/1, and the connection goes on', async () => {
    await start(answerHeads(OK), { rule: 'PathPrefix(`/x`)', http: { maxHeaderBytes: 1000, maxTargetBytes: 100 } });
    client.headers(1, requestFields());
    client.headers(3, requestFields({ ':path': '/x', long: 'l'.repeat(1500) }));
    client.headers(5, requestFields({ ':path': `/x${'y'.repeat(100)}` }));
    client.headers(7, requestFields({ ':path': '/x', expect: 'more' }));
    client.headers(9, requestFields({ ':method': 'CONNECT', ':protocol': 'other', ':path': '/x' }));
    client.headers(11, [
      [':method', 'CONNECT'],
      [':authority', 'h:443'],
    ]);
    client.headers(13, requestFields({ ':path': '/x' }));
    for (let id = 1; id <= 13; id += 2) await client.untilOver(id);
    const statuses = [1, 3, 5, 7, 9, 11, 13].map((id) => client.status(id));
    assert.deepEqual(statuses, ['404', '431', '414', '417', '501', '501', '200']);
    assert.equal(client.body(3), '431 Request Header Fields Too Large');
    assert.equal(proxy.server.connections.length, 1);
  });

  it('without a body that a HEAD asks for end with the head', async () => {
    await start(answerHeads('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'));
    client.headers(1, requestFields({ ':method': 'HEAD' }));
    await client.untilOver(1);
    const [head] = client.of(1);
    assert.deepEqual([head!.type, head!.flags & 1], [FrameType.HEADERS, 1]);
    assert.ok(head!.fields.includes('content-length: 5'));
  });

  it('are answered with what a server says before its answer', async () => {
    await start(answerHeads(`HTTP/1.1 103 Early Hints\r\nLink: <a>\r\nConnection: close\r\n\r\n${OK}`));
    client.headers(1, requestFields());
    await client.untilOver(1);
    const heads = client.of(1, FrameType.HEADERS).map(({ fields }) => fields);
    assert.deepEqual(heads, [
      [':status: 103', 'link: <a>'],
      [':status: 200', 'date: x', 'content-length: 2'],
    ]);
  });

  it('that wait for 100 get it from the server', async () => {
    await start((connection, chunk) => {
      if (chunk.includes('expect:')) connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      if (chunk.includes('hello')) connection.socket.write(OK);
    });
    client.headers(1, requestFields({ ':method': 'PUT', 'content-length': '5', expect: '100-continue' }), false);
    await client.until(() => client.status(1) === '100', 'the 100');
    client.data(1, 'hello', true);
    await client.untilOver(1);
    assert.equal(client.status(1), '200');
  });

  it('lose connection fields of the answer and get its trailers', async () => {
    await start(
      answerHeads(
        'HTTP/1.1 200 OK\r\nDate: x\r\nKeep-Alive: timeout=5\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTrailer: X-Sum\r\n' +
          'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nContent-Length: 9\r\n\r\n',
      ),
    );
    client.headers(1, requestFields());
    await client.untilOver(1);
    const heads = client.of(1, FrameType.HEADERS).map(({ fields }) => fields);
    assert.deepEqual(heads, [[':status: 200', 'date: x', 'trailer: X-Sum'], ['x-sum: 7']]);
    assert.equal(client.body(1), 'ok');
  });

  it('that are answered before their body has come end with NO_ERROR', async () => {
    await start(answerHeads(OK));
    client.headers(1, requestFields({ ':method': 'POST' }), false).data(1, 'a beginning');
    await client.until(() => client.resetCode(1) !== undefined, 'the reset');
    assert.equal(client.status(1), '200');
    assert.equal(client.body(1), 'ok');
    assert.equal(client.resetCode(1), Http2ErrorCode.NO_ERROR);
    await proxy.untilQuiet();
    await proxy.server.until(({ connections }) => connections[0]!.ended, 'the end of the connection to the server');
  });
});

const MALFORMED: readonly [what: string, fields: Fields][] = [
  ['no method', requestFields().slice(1)],
  ['no scheme', requestFields().filter(([name]) => name !== ':scheme')],
  ['no path', requestFields().filter(([name]) => name !== ':path')],
  ['an empty path', requestFields({ ':path': '' })],
  ['a method that is no token', requestFields({ ':method': 'GET /smuggled HTTP/1.1' })],
  ['a line end in the method', requestFields({ ':method': 'GET\r\n' })],
  ['a line end in the path', requestFields({ ':path': '/\r\nX: y' })],
  ['a NUL in a value', requestFields({ x: 'a\0b' })],
  ['a line end in a value', requestFields({ x: 'a\r\nTransfer-Encoding: chunked' })],
  ['a colon in a name', requestFields({ 'x:y': 'a' })],
  ['a space in a name', requestFields({ 'x y': 'a' })],
  ['a line end in a name', requestFields({ 'x: y\r\nz': 'a' })],
  ['an upper-case name', requestFields({ X: 'a' })],
  ['an empty name', requestFields({ '': 'a' })],
  ['an unknown pseudo-header field', requestFields({ ':what': 'a' })],
  ['a pseudo-header field of answers', requestFields({ ':status': '200' })],
  ['a pseudo-header field twice', [...requestFields(), [':path', '/x']]],
  ['a pseudo-header field behind others', [['x', 'y'], ...requestFields()]],
  ['Connection', requestFields({ connection: 'close' })],
  ['Keep-Alive', requestFields({ 'keep-alive': '1' })],
  ['Proxy-Connection', requestFields({ 'proxy-connection': 'close' })],
  ['Transfer-Encoding', requestFields({ 'transfer-encoding': 'chunked' })],
  ['Upgrade', requestFields({ upgrade: 'h2c' })],
  ['TE with more than trailers', requestFields({ te: 'gzip, trailers' })],
  ['a length where nothing follows', requestFields({ 'content-length': '5' })],
  [':protocol without CONNECT', requestFields({ ':protocol': 'websocket' })],
  ['CONNECT with a path', requestFields({ ':method': 'CONNECT' })],
];

const REFUSED: readonly [what: string, fields: Fields][] = [
  ['a space in the path', requestFields({ ':path': '/a b' })],
  ['a fragment', requestFields({ ':path': '/a#b' })],
  ['a byte beyond ASCII in the path', requestFields({ ':path': '/ä' })],
  ['a path that is none', requestFields({ ':path': 'x' })],
  ['an absolute form', requestFields({ ':path': 'http://other/' })],
  ['* for a GET', requestFields({ ':path': '*' })],
  ['another scheme', requestFields({ ':scheme': 'ftp' })],
  ['an authority with user information', requestFields({ ':authority': 'a@h' })],
  ['an authority with a path', requestFields({ ':authority': 'h/x' })],
  ['another Host', requestFields({ host: 'other' })],
  ['an empty Host beside an authority', requestFields({ host: '' })],
  ['two Hosts', [...requestFields(), ['host', 'h'], ['host', 'h']]],
  ['no host at all', requestFields().filter(([name]) => name !== ':authority')],
  ['two lengths', [...requestFields(), ['content-length', '0'], ['content-length', '0']]],
  ['a length that is none', requestFields({ 'content-length': '+5' })],
];

describe('requests over HTTP/2 that are no requests', () => {
  let proxy: ProxyUnderTest;
  let client: FrameClient;
  let id = -1;
  before(async () => {
    proxy = await startProxy(answerHeads(OK));
    client = await FrameClient.open(proxy.port);
  });
  after(async () => {
    client.close();
    await proxy.close();
  });

  for (const [what, fields] of MALFORMED) {
    it(`resets: ${what}`, async () => {
      id += 2;
      client.headers(id, fields);
      await client.untilOver(id);
      assert.equal(client.resetCode(id), Http2ErrorCode.PROTOCOL_ERROR);
      assert.equal(proxy.server.received, '');
    });
  }

  for (const [what, fields] of REFUSED) {
    it(`answers 400: ${what}`, async () => {
      id += 2;
      client.headers(id, fields);
      await client.untilOver(id);
      assert.equal(client.status(id), '400');
      assert.equal(proxy.server.received, '');
    });
  }

  it('serves the next request on the same connection', async () => {
    id += 2;
    client.headers(id, requestFields());
    await client.untilOver(id);
    assert.equal(client.status(id), '200');
  });
});

describe('bodies over HTTP/2 that are not as long as promised', () => {
  const cases: readonly [what: string, length: string, pieces: readonly string[]][] = [
    ['too long', '5', ['hello', '!']],
    ['too long at once', '5', ['hello!']],
    ['too short', '6', ['hello', '']],
    ['there although there should be none', '0', ['x']],
  ];
  for (const [what, length, pieces] of cases) {
    it(`resets the stream and cuts the server off: ${what}`, async () => {
      const proxy = await startProxy(() => {});
      const client = await FrameClient.open(proxy.port);
      try {
        client.headers(1, requestFields({ ':method': 'POST', 'content-length': length }), false);
        await proxy.server.untilText('\r\n\r\n');
        for (const [index, piece] of pieces.entries()) client.data(1, piece, index === pieces.length - 1);
        await client.untilOver(1);
        assert.equal(client.resetCode(1), Http2ErrorCode.PROTOCOL_ERROR);
        await proxy.untilQuiet();
        await proxy.server.until(({ connections }) => connections[0]!.ended, 'the end of the connection');
        assert.doesNotMatch(proxy.server.received, /hello!/);
      } finally {
        client.close();
        await proxy.close();
      }
    });
  }
});
