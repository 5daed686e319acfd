import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClientText } from './constant-text.ts';
import { LogUnderTest } from './testing/log-under-test.ts';

process.env.TZ = 'Asia/Kolkata';

describe('common lines', () => {
  it('have all columns', () => {
    assert.equal(
      new LogUnderTest('{}').write(),
      '192.0.2.1 - - [02/Jan/2026:03:04:05 +0000] "GET /cart/items?page=2&q=a%20b HTTP/1.1" 200 1234 "-" "-" ' +
        '1 "shop@file" "http://10.0.0.7:8080" 12ms\n',
    );
  });

  it('say a dash where there is nothing', () => {
    const line = new LogUnderTest('{}').write({
      client: new ClientText('', 0),
      router: undefined,
      server: undefined,
      query: undefined,
      protocol: 'HTTP/1.0',
      status: 404,
      bytes: 0,
    });
    assert.equal(line, '- - - [02/Jan/2026:03:04:05 +0000] "GET /cart/items HTTP/1.0" 404 0 "-" "-" 1 "-" "-" 12ms\n');
  });

  it('name the user, and the client behind other proxies', () => {
    const line = new LogUnderTest('{}').write({ user: 'ann', forwardedFor: '203.0.113.9' });
    assert.match(line, /^203\.0\.113\.9 - ann \[/);
  });

  it('keep their columns when fields are dropped', () => {
    assert.equal(
      new LogUnderTest('{ fields: { defaultMode: drop } }').write(),
      '- - - [-] "- - -" - - "-" "-" - "-" "-" 0ms\n',
    );
  });

  it('tell local time when the universal one is dropped', () => {
    const line = new LogUnderTest('{ fields: { names: { StartUTC: drop } } }').write();
    assert.match(line, /\[02\/Jan\/2026:08:34:05 \+0530\]/);
  });

  it('have the two headers that are kept, hidden or dropped as others', () => {
    const request = ['Referer: http://a/"x"', 'User-Agent: curl/8'];
    const headers = (options: string) =>
      / \d+ \d+ (".*" ".*") 1 /.exec(new LogUnderTest(`{ fields: { headers: ${options} } }`).writeFields(request))?.[1];
    assert.equal(headers('{}'), '"-" "-"');
    assert.equal(headers('{ names: { referer: keep, User-Agent: keep } }'), '"http://a/\\"x\\"" "curl/8"');
    assert.equal(headers('{ names: { User-Agent: keep } }'), '"-" "curl/8"');
    assert.equal(headers('{ defaultMode: redact }'), '"REDACTED" "REDACTED"');
    assert.equal(headers('{ defaultMode: keep, names: { Referer: drop } }'), '"-" "curl/8"');
  });

  it('say a dash for a header that was not sent', () => {
    const log = new LogUnderTest('{ fields: { headers: { defaultMode: keep } } }');
    assert.match(log.writeFields([]), / 200 1234 "-" "-" 1 /);
  });
});

describe('genericCLF lines', () => {
  it('end with the two headers', () => {
    const log = new LogUnderTest('{ format: genericCLF, fields: { headers: { defaultMode: keep } } }');
    assert.equal(
      log.writeFields(['User-Agent: curl/8']),
      '192.0.2.1 - - [02/Jan/2026:03:04:05 +0000] "GET /cart/items?page=2&q=a%20b HTTP/1.1" 200 1234 "-" "curl/8"\n',
    );
  });
});
