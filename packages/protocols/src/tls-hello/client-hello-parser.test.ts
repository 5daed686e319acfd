import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClientHello, TlsVersion } from './client-hello.ts';
import { HelloError, helloErrorMessage } from './hello-error.ts';
import { HELLO_BYTES_MAX, HELLO_INPUT_BYTES_MAX, HELLO_RECORDS_MAX } from './hello-records.ts';
import { ECDSA_KINDS, KeyKind } from './key-kind.ts';
import {
  alpnExtension,
  facts,
  helloBytes,
  helloMessage,
  inRecords,
  listExtension,
  outcome,
  parse,
  serverNameExtension,
  vector,
  versionsExtension,
  words,
} from './test-support.ts';

const FULL = {
  sessionId: Buffer.alloc(32, 1),
  extensions: [
    [0x0a0a, Buffer.alloc(0)],
    serverNameExtension('WWW.Example.com'),
    listExtension(10, 29, 23, 24),
    alpnExtension('h2', 'http/1.1'),
    listExtension(13, 0x0403, 0x0804, 0x0401),
    versionsExtension(0x7a7a, 0x0304, 0x0303),
    [35, Buffer.alloc(0)],
    [21, Buffer.alloc(60)],
  ],
} as const;

describe('what a hello says', () => {
  it('names, protocols, versions, keys', () => {
    const bytes = helloBytes(FULL);
    const { result, hello } = parse(bytes);
    assert.equal(result, bytes.length);
    assert.deepEqual(facts(hello), {
      serverName: 'www.example.com',
      alpn: ['h2', 'http/1.1'],
      versions: TlsVersion.TLS13 | TlsVersion.TLS12,
      keyKinds: [KeyKind.RSA | KeyKind.P256 | KeyKind.P384, KeyKind.RSA | KeyKind.P256],
      hasPreSharedKey: false,
      hasSessionTicket: false,
      hasEarlyData: false,
    });
    assert.ok(hello.offersAlpn(Buffer.from('http/1.1')) && hello.offersAlpn(Buffer.from('h2')));
    for (const other of ['h', 'h3', 'http/1.0', 'http/1.1 ', ''])
      assert.ok(!hello.offersAlpn(Buffer.from(other)), other);
    assert.ok(hello.offersVersion(TlsVersion.TLS13) && !hello.offersVersion(TlsVersion.TLS11));
  });

  it('without extensions: TLS 1.2 at most, no name', () => {
    const { result, hello } = parse(helloBytes());
    assert.ok(result > 0);
    assert.deepEqual([hello.serverName, hello.alpnProtocols()], ['', []]);
    assert.equal(hello.versions, TlsVersion.TLS10 | TlsVersion.TLS11 | TlsVersion.TLS12);
    assert.equal(hello.keyKinds(false), KeyKind.RSA | ECDSA_KINDS);
    assert.equal(parse(helloBytes({ version: 0x0301 })).hello.versions, TlsVersion.TLS10);
    assert.equal(parse(helloBytes({ version: 0x0304 })).hello.offersVersion(TlsVersion.TLS13), false);
  });

  it('keys need a suite, a signature scheme and in TLS 1.2 a group', () => {
    const kinds = (suites: number[], groups: number[], schemes: number[]) => {
      const extensions = [listExtension(10, ...groups), listExtension(13, ...schemes)];
      const { hello } = parse(helloBytes({ suites, extensions }));
      return [hello.keyKinds(false), hello.keyKinds(true)];
    };
    assert.deepEqual(kinds([0xc02f], [23], [0x0403, 0x0401]), [KeyKind.RSA, KeyKind.P256]);
    assert.deepEqual(kinds([0xc02b], [23], [0x0403, 0x0401]), [KeyKind.P256, KeyKind.P256]);
    assert.deepEqual(kinds([0xc02b], [29], [0x0403]), [0, KeyKind.P256]);
    assert.deepEqual(kinds([0xc02b], [29, 24], [0x0403]), [KeyKind.P384, KeyKind.P256]);
    assert.deepEqual(kinds([0xc02b, 0xc02f], [25], [0x0401]), [KeyKind.RSA, 0]);
    assert.deepEqual(kinds([0x1301], [23], [0x0603, 0x0807]), [0, KeyKind.P521 | KeyKind.ED25519]);
  });

  it('tickets, early data, pre-shared keys', () => {
    const extensions = [
      [35, Buffer.alloc(10)],
      [42, Buffer.alloc(0)],
      [41, Buffer.alloc(50)],
    ] as const;
    const { hello } = parse(helloBytes({ extensions }));
    assert.deepEqual([hello.hasSessionTicket, hello.hasEarlyData, hello.hasPreSharedKey], [true, true, true]);
    assert.equal(outcome(helloBytes({ extensions: extensions.toReversed() })), 'PRE_SHARED_KEY_NOT_LAST');
  });

  it('an object is cleared for the next hello', () => {
    const hello = new ClientHello();
    parse(helloBytes(FULL), hello);
    parse(helloBytes(), hello);
    assert.deepEqual(facts(hello), facts(parse(helloBytes()).hello));
    assert.equal(parse(Buffer.from('GET / HTTP/1.1'), hello).result, HelloError.NOT_TLS);
    assert.equal(hello.serverName, '');
  });

  it('other kinds of names are stepped over', () => {
    const other = Buffer.concat([Buffer.of(9), vector(2, Buffer.from('x'))]);
    const host = Buffer.concat([Buffer.of(0), vector(2, Buffer.from('a.b'))]);
    const named = (...entries: Buffer[]) => helloBytes({ extensions: [[0, vector(2, ...entries)]] });
    assert.equal(parse(named(other, host)).hello.serverName, 'a.b');
    assert.equal(parse(named(other)).hello.serverName, '');
    assert.equal(outcome(named(host, host)), 'BAD_SERVER_NAME');
  });
});

describe('host names', () => {
  const named = (name: string | Buffer) => outcome(helloBytes({ extensions: [serverNameExtension(name)] }));

  it('are accepted', () => {
    const longest = `${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(61);
    for (const name of ['a', 'A-1.b_c.xn--p1ai', '10.0.0.1', '2001:db8::1', longest])
      assert.equal(named(name), 'OK', name);
  });

  it('are refused', () => {
    const tooLong = `${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(62);
    const bad = [
      '',
      '.',
      'a.',
      '.a',
      'a..b',
      'a b',
      ' a',
      'a\0',
      'a\0.com',
      '*.a',
      'ä.de',
      'a/b',
      'a@b',
      `${'a'.repeat(64)}.b`,
      tooLong,
    ];
    for (const name of bad) assert.equal(named(name), 'BAD_SERVER_NAME', JSON.stringify(name));
    assert.equal(named(Buffer.of(0x61, 0xff)), 'BAD_SERVER_NAME');
  });
});

describe('records', () => {
  const message = helloMessage(FULL);

  it('a hello in several records reads as in one', () => {
    const expected = facts(parse(inRecords(message)).hello);
    for (const recordBytes of [1, 2, 3, 4, 5, 50, message.length - 1]) {
      if (message.length / recordBytes > HELLO_RECORDS_MAX) continue;
      const bytes = inRecords(message, recordBytes);
      const { result, hello } = parse(bytes);
      assert.equal(result, bytes.length, `${recordBytes}`);
      assert.deepEqual(facts(hello), expected);
    }
  });

  it('what follows the hello is not looked at', () => {
    const bytes = inRecords(message);
    const early = Buffer.concat([bytes, Buffer.of(0x14, 3, 3, 0, 1, 1)]);
    assert.equal(parse(early).result, bytes.length);
  });

  it('are checked', () => {
    const first = inRecords(message, 50);
    const broken = (at: number, ...values: number[]) => {
      const copy = Buffer.from(first);
      copy.set(values, at);
      return copy;
    };
    const cases: readonly (readonly [Buffer, string])[] = [
      [Buffer.from('GET'), 'NOT_TLS'],
      [Buffer.of(0x80, 0x2e, 1), 'NOT_TLS'],
      [Buffer.of(0x16, 2), 'NOT_TLS'],
      [broken(3, 0, 0), 'BAD_RECORD_LENGTH'],
      [broken(3, 0x40, 1), 'BAD_RECORD_LENGTH'],
      [broken(55, 0x17), 'INTERRUPTED'],
      [broken(56, 4), 'INTERRUPTED'],
      [broken(58, 0, 0), 'BAD_RECORD_LENGTH'],
      [broken(5, 2), 'NOT_CLIENT_HELLO'],
      [broken(6, 1), 'HELLO_TOO_LARGE'],
      [broken(6, 0, 0x40, 1), 'HELLO_TOO_LARGE'],
      [broken(6, 0, 0, 10), 'EXCESS_BYTES'],
      [inRecords(Buffer.concat([message, Buffer.of(0)])), 'EXCESS_BYTES'],
      [inRecords(Buffer.of(1, 0, 0, 0)), 'BAD_LENGTH'],
      [inRecords(Buffer.of(1, 0, 0, 0), 1), 'BAD_LENGTH'],
    ];
    for (const [bytes, expected] of cases)
      assert.equal(outcome(bytes), expected, bytes.subarray(0, 12).toString('hex'));
  });

  it('are bounded in size and number', () => {
    const padded = (bytes: number) => helloMessage({ extensions: [[21, Buffer.alloc(bytes)]] });
    const overhead = padded(0).length - 4;
    const largest = padded(HELLO_BYTES_MAX - overhead);
    assert.equal(outcome(inRecords(largest)), 'OK');
    assert.equal(outcome(inRecords(largest, 100)), 'OK');
    assert.equal(outcome(inRecords(padded(HELLO_BYTES_MAX - overhead + 1))), 'HELLO_TOO_LARGE');
    const tiny = inRecords(largest, 60);
    assert.equal(outcome(tiny), 'TOO_MANY_RECORDS');
    assert.ok(inRecords(largest, Math.ceil(largest.length / HELLO_RECORDS_MAX)).length <= HELLO_INPUT_BYTES_MAX);
  });
});

describe('lengths that do not fit', () => {
  it('each length field, one too small and one too large', () => {
    const message = helloMessage({
      ...FULL,
      extensions: [serverNameExtension('a.b'), alpnExtension('h2'), versionsExtension(0x0304)],
    });
    const fields: readonly (readonly [string, number, number])[] = lengthFields(message);
    assert.equal(fields.length, 13);
    for (const [name, at, bytes] of fields) {
      for (const change of [-1, 1]) {
        const copy = Buffer.from(message);
        copy.writeUIntBE(copy.readUIntBE(at, bytes) + change, at, bytes);
        assert.notEqual(outcome(inRecords(copy)), 'OK', `${name} ${change}`);
        assert.ok(parse(inRecords(copy)).result <= 0, `${name} ${change}`);
      }
    }
  });

  it('lists', () => {
    const bad = (type: number, content: Buffer) => outcome(helloBytes({ extensions: [[type, content]] }));
    for (const content of [
      Buffer.alloc(0),
      Buffer.of(0),
      words(0),
      words(1),
      Buffer.of(0, 1, 1),
      Buffer.of(0, 4, 0, 23),
    ]) {
      const text = content.toString('hex');
      assert.equal(bad(10, content), 'BAD_GROUPS', text);
      assert.equal(bad(13, content), 'BAD_SIGNATURE_ALGORITHMS', text);
      assert.equal(bad(0, content), 'BAD_SERVER_NAME', text);
      assert.equal(bad(16, content), 'BAD_ALPN', text);
    }
    assert.equal(bad(16, vector(2, Buffer.of(0))), 'BAD_ALPN');
    assert.equal(bad(16, vector(2, Buffer.of(3, 0x68, 0x32))), 'BAD_ALPN');
    for (const content of [Buffer.alloc(0), Buffer.of(0), Buffer.of(1, 3), Buffer.of(2, 3), Buffer.of(4, 3, 4)]) {
      assert.equal(bad(43, content), 'BAD_SUPPORTED_VERSIONS');
    }
    assert.equal(bad(43, vector(1, words(0x0300, 0x7f1c))), 'BAD_VERSION');
  });

  it('the fixed part', () => {
    assert.equal(outcome(helloBytes({ version: 0x0300 })), 'BAD_VERSION');
    assert.equal(outcome(helloBytes({ version: 0x0403 })), 'BAD_VERSION');
    assert.equal(outcome(helloBytes({ sessionId: Buffer.alloc(33) })), 'BAD_SESSION_ID');
    assert.equal(outcome(helloBytes({ suites: [] })), 'BAD_CIPHER_SUITES');
    assert.equal(outcome(helloBytes({ compression: Buffer.alloc(0) })), 'BAD_COMPRESSION');
    for (const type of [0, 10, 13, 16, 35, 42, 43]) {
      const extension = (FULL.extensions.find(([each]) => each === type) ?? [type, Buffer.alloc(0)]) as [
        number,
        Buffer,
      ];
      assert.equal(outcome(helloBytes({ extensions: [extension, extension] })), 'DUPLICATE_EXTENSION', `${type}`);
    }
  });
});

it('every error has its sentence', () => {
  const messages = Object.values(HelloError).map(helloErrorMessage);
  assert.equal(new Set(messages).size, messages.length);
  assert.ok(!messages.includes(helloErrorMessage(-99)));
});

/** Name, position and width of every length in a hello with the three extensions of the test above. */
function lengthFields(message: Buffer): [string, number, number][] {
  const fields: [string, number, number][] = [['message', 1, 3]];
  const add = (name: string, at: number, bytes: number): number => {
    fields.push([name, at, bytes]);
    return at + bytes + message.readUIntBE(at, bytes);
  };
  let at = add('session', 38, 1);
  at = add('suites', at, 2);
  at = add('compression', at, 1);
  add('extensions', at, 2);
  at += 2;
  for (const inner of [[2, 3], [2, 2], [1]]) {
    const next = add(`extension ${message.readUInt16BE(at)}`, at + 2, 2);
    add('list', at + 4, inner[0]!);
    if (inner[1] === 3) add('name', at + 7, 2);
    if (inner[1] === 2) add('protocol', at + 6, 1);
    at = next;
  }
  return fields;
}
