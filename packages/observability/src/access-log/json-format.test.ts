import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ACCESS_LOG_FIELDS } from '@sluice/config';
import { ClientText, ConstantText } from './constant-text.ts';
import { LogUnderTest, START_MS } from './testing/log-under-test.ts';

process.env.TZ = 'Europe/Berlin';

const USUAL = [
  '{"ClientAddr":"192.0.2.1:50001","ClientHost":"192.0.2.1","ClientPort":"50001","ClientUsername":"-"',
  '"DownstreamContentSize":1234,"DownstreamStatus":200,"Duration":12345678',
  '"OriginContentSize":1234,"OriginDuration":10000000,"OriginStatus":200,"Overhead":2345678',
  '"RequestAddr":"shop.example:8000","RequestContentSize":7,"RequestCount":1',
  '"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/cart/items?page=2&q=a%20b"',
  '"RequestPort":"8000","RequestProtocol":"HTTP/1.1","RequestScheme":"http","RetryAttempts":0',
  '"RouterName":"shop@file","ServiceAddr":"10.0.0.7:8080","ServiceName":"cart@file"',
  '"ServiceURL":"http://10.0.0.7:8080"',
  '"StartLocal":"2026-01-02T04:04:05.678125000+01:00","StartUTC":"2026-01-02T03:04:05.678125000Z"',
  '"entryPointName":"web","level":"info","msg":"","time":"2026-01-02T04:04:05+01:00"}\n',
].join(',');

/** Of a client with a certificate. */
const TLS = { version: '1.3', cipher: 'TLS_AES_128_GCM_SHA256', clientSubject: 'CN="ann",O=x' };

function fields(line: string): Record<string, unknown> {
  return JSON.parse(line) as Record<string, unknown>;
}

describe('json lines', () => {
  it('have every field, in byte order', () => {
    const log = new LogUnderTest('{ format: json }');
    const line = log.write();
    assert.equal(line, USUAL);
    const names = Object.keys(fields(line));
    assert.deepEqual(names, [...names].sort());
    const all = Object.keys(fields(log.write({ secure: true, tls: TLS, connectionEnd: 'client' })));
    assert.deepEqual(all, [...all].sort());
    const expected = [...ACCESS_LOG_FIELDS, 'level', 'msg', 'time'].filter((name) => name !== 'GzipRatio');
    assert.deepEqual(all, expected.sort());
    assert.deepEqual(
      names,
      all.filter((name) => !name.startsWith('TLS') && name !== 'ConnectionEnd'),
    );
  });

  it('say what is known of TLS, and leave out what a client has not shown', () => {
    const log = new LogUnderTest('{ format: json }');
    const { TLSVersion, TLSCipher, TLSClientSubject } = fields(log.write({ secure: true, tls: TLS }));
    assert.deepEqual([TLSVersion, TLSCipher, TLSClientSubject], [TLS.version, TLS.cipher, TLS.clientSubject]);
    const anonymous = fields(log.write({ secure: true, tls: { ...TLS, clientSubject: '' } }));
    assert.equal(anonymous.TLSVersion, '1.3');
    assert.equal('TLSClientSubject' in anonymous, false);
  });

  it('are the same when everything in them is remembered, except for the count', () => {
    const log = new LogUnderTest('{ format: json }');
    const client = new ClientText('192.0.2.1', 50_001);
    const lines = [1, 2, 3].map(() => log.write({ client }));
    for (const [index, line] of lines.entries()) {
      assert.equal(line, USUAL.replace('"RequestCount":1', `"RequestCount":${index + 1}`));
    }
  });

  it('follow every change of what they remember', () => {
    const log = new LogUnderTest('{ format: json }');
    const client = new ClientText('192.0.2.1', 50_001);
    log.write({ client });
    const changes = [
      { forwardedFor: '203.0.113.9, 10.0.0.1' },
      { user: 'ann' },
      { host: 'other.example' },
      { method: 'POST' },
      { protocol: 'HTTP/1.0' },
      { secure: true },
      { retries: 2 },
      { router: undefined },
      { server: undefined },
      { entryPoint: new ConstantText('admin') },
      {},
    ];
    const fresh = changes.map((change) => fields(new LogUnderTest('{ format: json }').write({ client, ...change })));
    const reused = changes.map((change) => fields(log.write({ client, ...change })));
    for (const [index, line] of fresh.entries()) {
      assert.deepEqual({ ...reused[index], RequestCount: 1 }, { ...line, RequestCount: 1 });
    }
    assert.equal(reused[0]!.ClientHost, '203.0.113.9, 10.0.0.1');
    assert.equal(reused[1]!.ClientUsername, 'ann');
    assert.equal(reused[2]!.RequestHost, 'other.example');
    assert.equal(reused[3]!.RequestMethod, 'POST');
    assert.equal(reused[4]!.RequestProtocol, 'HTTP/1.0');
    assert.equal(reused[5]!.RequestScheme, 'https');
    assert.equal(reused[6]!.RetryAttempts, 2);
    assert.equal(reused[9]!.entryPointName, 'admin');
  });

  it('have a scheme where there is one: connections of TCP and flows of UDP have none', () => {
    const log = new LogUnderTest('{ format: json }');
    const schemes = ['HTTP/1.1', 'TCP', 'UDP', 'QUIC', 'HTTP/2.0'].map(
      (protocol) => fields(log.write({ protocol })).RequestScheme,
    );
    assert.deepEqual(schemes, ['http', undefined, undefined, undefined, 'http']);
  });

  it('leave out what there is nothing to say about', () => {
    const log = new LogUnderTest('{ format: json }');
    const line = fields(
      log.write({
        router: undefined,
        server: undefined,
        host: '',
        query: undefined,
        originStartedAtMs: 0,
        originStatus: 0,
        originBytes: 0,
        status: 404,
        bytes: 19,
      }),
    );
    for (const name of ['RouterName', 'ServiceAddr', 'ServiceName', 'ServiceURL']) assert.equal(line[name], undefined);
    for (const name of ['RequestAddr', 'RequestHost', 'RequestPort']) assert.equal(line[name], undefined);
    assert.equal(line.OriginDuration, 0);
    assert.equal(line.OriginStatus, 0);
    assert.equal(line.Overhead, line.Duration);
    assert.equal(line.GzipRatio, 0);
    assert.equal(line.RequestPath, '/cart/items');
  });

  it('tell hosts and ports apart', () => {
    const log = new LogUnderTest('{ format: json }');
    const parts = (host: string) => {
      const line = fields(log.write({ host }));
      return [line.RequestAddr, line.RequestHost, line.RequestPort];
    };
    assert.deepEqual(parts('a.example'), ['a.example', 'a.example', '-']);
    assert.deepEqual(parts('a.example:'), ['a.example:', 'a.example', '-']);
    assert.deepEqual(parts('[::1]:80'), ['[::1]:80', '::1', '80']);
    assert.deepEqual(parts('[::1]'), ['[::1]', '[::1]', '-']);
    assert.deepEqual(parts('::1'), ['::1', '::1', '-']);
  });

  it('have a ratio where a middleware changed how much is sent', () => {
    const log = new LogUnderTest('{ format: json }');
    assert.equal(fields(log.write({ originBytes: 1000, bytes: 300 })).GzipRatio, 1000 / 300);
    assert.equal(fields(log.write({ originBytes: 1000, bytes: 0 })).GzipRatio, undefined);
  });

  it('hold large numbers exactly', () => {
    const log = new LogUnderTest('{ format: json }');
    for (const bytes of [
      0,
      9,
      10,
      999_999_999,
      1_000_000_000,
      4_294_967_296,
      10_000_000_007,
      Number.MAX_SAFE_INTEGER,
    ]) {
      assert.equal(fields(log.write({ bytes })).DownstreamContentSize, bytes);
    }
    assert.equal(fields(log.write({ bytes: -1 })).DownstreamContentSize, 0, 'never broken, whatever a defect may give');
    const hours = 3 * 3_600_000;
    assert.equal(fields(log.write({ endedAtMs: START_MS + hours })).Duration, hours * 1_000_000);
  });

  it('name IPv6 clients in brackets, and clients of a Unix socket not at all', () => {
    const log = new LogUnderTest('{ format: json }');
    assert.equal(fields(log.write({ client: new ClientText('2001:db8::1', 7) })).ClientAddr, '[2001:db8::1]:7');
    assert.equal(fields(log.write({ client: new ClientText('', 0) })).ClientAddr, ':0');
  });
});

describe('fields of json lines', () => {
  it('are dropped by name, in any case, and kept by name where others are dropped', () => {
    const fewer = new LogUnderTest('{ format: json, fields: { names: { clienthost: drop, ServiceURL: drop } } }');
    const names = Object.keys(fields(fewer.write({ tls: TLS, connectionEnd: 'client' })));
    assert.equal(names.includes('ClientHost') || names.includes('ServiceURL'), false);
    assert.equal(names.length, ACCESS_LOG_FIELDS.length + 3 - 1 - 2);
    const more = new LogUnderTest('{ format: json, fields: { defaultMode: drop, names: { requestpath: keep } } }');
    assert.deepEqual(fields(more.write()), {
      RequestPath: '/cart/items?page=2&q=a%20b',
      level: 'info',
      msg: '',
      time: '2026-01-02T04:04:05+01:00',
    });
  });

  it('can each be the only one', () => {
    for (const name of ACCESS_LOG_FIELDS) {
      const log = new LogUnderTest(`{ format: json, fields: { defaultMode: drop, names: { ${name}: keep } } }`);
      const expected = name === 'GzipRatio' ? ['level', 'msg', 'time'] : [name, 'level', 'msg', 'time'];
      assert.deepEqual(Object.keys(fields(log.write({ tls: TLS, connectionEnd: 'client' }))).sort(), expected.sort());
    }
  });

  it('may all be dropped', () => {
    const log = new LogUnderTest('{ format: json, fields: { defaultMode: drop } }');
    assert.equal(log.write(), '{"level":"info","msg":"","time":"2026-01-02T04:04:05+01:00"}\n');
  });

  it('lose the query where it is dropped', () => {
    const log = new LogUnderTest('{ format: json, fields: { queryParameters: { defaultMode: drop } } }');
    assert.equal(fields(log.write()).RequestPath, '/cart/items');
  });
});

describe('headers in json lines', () => {
  const request = ['user-agent: curl/8', 'Cookie: secret=1', 'X-A: 1', 'x-a: 2', 'Authorization: Basic c2VjcmV0'];
  const origin = ['Content-Type: text/plain', 'Set-Cookie: secret=2'];
  const downstream = ['Content-Type: text/plain', 'Via: x'];

  function headers(options: string): Record<string, unknown> {
    const line = fields(
      new LogUnderTest(`{ format: json, fields: { headers: ${options} } }`).writeFields(request, origin, downstream),
    );
    assert.deepEqual(Object.keys(line), Object.keys(line).sort());
    return Object.fromEntries(Object.entries(line).filter(([name]) => /^(request|origin|downstream)_/.test(name)));
  }

  it('are not there by default', () => {
    assert.deepEqual(headers('{}'), {});
  });

  it('are kept or hidden by name, repeated ones joined', () => {
    assert.deepEqual(headers('{ names: { X-A: keep, cookie: redact, content-type: keep, Absent: keep, via: drop } }'), {
      'downstream_Content-Type': 'text/plain',
      'origin_Content-Type': 'text/plain',
      request_Cookie: 'REDACTED',
      'request_X-A': '1,2',
    });
  });

  it('are all kept by mode, but credentials only by name', () => {
    assert.deepEqual(headers('{ defaultMode: keep, names: { Set-Cookie: keep, via: drop } }'), {
      'downstream_Content-Type': 'text/plain',
      'origin_Content-Type': 'text/plain',
      'origin_Set-Cookie': 'secret=2',
      request_Authorization: 'REDACTED',
      request_Cookie: 'REDACTED',
      'request_User-Agent': 'curl/8',
      'request_X-A': '1,2',
    });
  });

  it('are all hidden by mode', () => {
    assert.deepEqual(headers('{ defaultMode: redact, names: { user-agent: keep, authorization: drop } }'), {
      'downstream_Content-Type': 'REDACTED',
      downstream_Via: 'REDACTED',
      'origin_Content-Type': 'REDACTED',
      'origin_Set-Cookie': 'REDACTED',
      request_Cookie: 'REDACTED',
      'request_User-Agent': 'curl/8',
      'request_X-A': 'REDACTED',
    });
  });

  it('never hold the host and the framing', () => {
    assert.deepEqual(headers('{ names: { host: keep, transfer-encoding: keep } }'), {});
  });

  it('of an earlier request do not come back', () => {
    const log = new LogUnderTest('{ format: json, fields: { headers: { defaultMode: keep } } }');
    assert.ok(log.writeFields(['X-A: 1']).includes('request_X-A'));
    const captures = log.log.captures();
    captures.request?.reset();
    assert.equal(log.write({ requestFields: captures.request }).includes('request_'), false);
  });
});

describe('filters', () => {
  const written = (options: string, changes: Parameters<LogUnderTest['write']>[0]) =>
    new LogUnderTest(`{ format: json, filters: ${options} }`).write(changes) !== '';

  it('by status', () => {
    for (const [status, expected] of [
      [200, true],
      [201, false],
      [300, true],
      [302, true],
      [303, false],
      [0, false],
    ] as const) {
      assert.equal(written('{ statusCodes: ["200", "300-302"] }', { status }), expected, String(status));
    }
  });

  it('by duration: longer, not as long', () => {
    assert.equal(written('{ minDuration: 10ms }', { endedAtMs: START_MS + 10 }), false);
    assert.equal(written('{ minDuration: 10ms }', { endedAtMs: START_MS + 10.001 }), true);
  });

  it('by retries', () => {
    assert.equal(written('{ retryAttempts: true }', { retries: 0 }), false);
    assert.equal(written('{ retryAttempts: true }', { retries: 1 }), true);
  });

  it('one that fits is enough', () => {
    const options = '{ statusCodes: "500", retryAttempts: true, minDuration: 1s }';
    assert.equal(written(options, {}), false);
    assert.equal(written(options, { status: 500 }), true);
    assert.equal(written(options, { retries: 1 }), true);
    assert.equal(written(options, { endedAtMs: START_MS + 1_001 }), true);
  });

  it('leave gaps in the count', () => {
    const log = new LogUnderTest('{ format: json, filters: { statusCodes: "500" } }');
    assert.equal(log.write(), '');
    assert.equal(fields(log.write({ status: 500 })).RequestCount, 2);
  });
});
