// Vectors by which two HTTP/1.1 parsers can be made to disagree about where a message ends or where it goes.
// Every row must be refused (or read in the one safe way the row names). Sections are of RFC 9112 unless stated.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeadError, headErrorMessage, headErrorStatus } from './head-error.ts';
import { kindName, parseRequest, requestOutcome } from './test-support.ts';

const H = 'Host: a\r\n';
const post = (fields: string): string => `POST / HTTP/1.1\r\n${H}${fields}\r\n`;
const get = (fields: string): string => `GET / HTTP/1.1\r\n${fields}\r\n`;

type Vector = readonly [section: string, what: string, text: string, outcome: string];

function refuses(vectors: readonly Vector[]): void {
  for (const [section, what, text, outcome] of vectors) {
    it(`${section}: ${what}`, () => assert.equal(requestOutcome(text), outcome));
  }
}

describe('framing: Content-Length', () => {
  refuses([
    ['§6.3', 'two equal fields', post('Content-Length: 5\r\nContent-Length: 5\r\n'), 'DUPLICATE_CONTENT_LENGTH'],
    ['§6.3', 'two differing fields', post('Content-Length: 5\r\nContent-Length: 6\r\n'), 'DUPLICATE_CONTENT_LENGTH'],
    [
      '§6.3',
      'differing case of the name',
      post('content-length: 5\r\nCONTENT-LENGTH: 6\r\n'),
      'DUPLICATE_CONTENT_LENGTH',
    ],
    ['§6.3', 'a zero first', post('Content-Length: 0\r\nContent-Length: 44\r\n'), 'DUPLICATE_CONTENT_LENGTH'],
    ['§6.3', 'a list of equal values', post('Content-Length: 5, 5\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.3', 'a list of differing values', post('Content-Length: 5,6\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'plus sign', post('Content-Length: +5\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'minus sign', post('Content-Length: -1\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'hexadecimal', post('Content-Length: 0x10\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'letters', post('Content-Length: 5b\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'exponent', post('Content-Length: 1e2\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'fraction', post('Content-Length: 5.0\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'inner space', post('Content-Length: 1 2\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'inner tab', post('Content-Length: 1\t2\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'underscore', post('Content-Length: 1_000\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'quotes', post('Content-Length: "5"\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'empty', post('Content-Length:\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'only spaces', post('Content-Length:   \r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', 'obs-text digits', post('Content-Length: \xb5\r\n'), 'BAD_CONTENT_LENGTH'],
    ['§6.2', '2^53', post('Content-Length: 9007199254740992\r\n'), 'CONTENT_LENGTH_OVERFLOW'],
    ['§6.2', '2^64', post('Content-Length: 18446744073709551616\r\n'), 'CONTENT_LENGTH_OVERFLOW'],
    ['§6.2', '2^64 + 5', post('Content-Length: 18446744073709551621\r\n'), 'CONTENT_LENGTH_OVERFLOW'],
    ['§6.2', 'leading zeros past 16 digits', post('Content-Length: 00000000000000005\r\n'), 'CONTENT_LENGTH_OVERFLOW'],
    ['§6.2', 'a thousand digits', post(`Content-Length: ${'9'.repeat(1000)}\r\n`), 'CONTENT_LENGTH_OVERFLOW'],
  ]);

  it('accepts one number up to 2^53-1', () => {
    for (const [text, value] of [
      ['5', 5],
      ['0', 0],
      ['9007199254740991', 9007199254740991],
      ['010', 10],
    ] as const) {
      const { result, head } = parseRequest(post(`Content-Length:\t${text} \r\n`));
      assert.ok(result > 0);
      assert.equal(head.bodyBytes, value);
      assert.equal(kindName(head.bodyKind), value === 0 ? 'NONE' : 'LENGTH');
    }
  });
});

describe('framing: Transfer-Encoding', () => {
  const te = (value: string): string => post(`Transfer-Encoding: ${value}\r\n`);
  refuses([
    [
      '§6.1',
      'with Content-Length after it',
      post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n'),
      'LENGTH_AND_CODING',
    ],
    [
      '§6.1',
      'with Content-Length before it',
      post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'),
      'LENGTH_AND_CODING',
    ],
    ['§6.1', 'with Content-Length 0', post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n'), 'LENGTH_AND_CODING'],
    [
      '§6.1',
      'in HTTP/1.0',
      `POST / HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n`,
      'TRANSFER_ENCODING_IN_HTTP_10',
    ],
    [
      '§6.1',
      'identity in HTTP/1.0',
      'POST / HTTP/1.0\r\nTransfer-Encoding: identity\r\n\r\n',
      'TRANSFER_ENCODING_IN_HTTP_10',
    ],
    [
      '§6.3',
      'two fields, chunked twice',
      post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'),
      'DUPLICATE_TRANSFER_ENCODING',
    ],
    [
      '§6.3',
      'two fields, chunked then identity',
      post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n'),
      'DUPLICATE_TRANSFER_ENCODING',
    ],
    [
      '§6.3',
      'two fields in differing case',
      post('Transfer-Encoding: chunked\r\ntransfer-encoding: x\r\n'),
      'DUPLICATE_TRANSFER_ENCODING',
    ],
    ['§7', 'chunked listed twice', te('chunked, chunked'), 'BAD_TRANSFER_ENCODING'],
    ['§6.3', 'chunked not final', te('chunked, gzip'), 'BAD_TRANSFER_ENCODING'],
    ['§6.3', 'chunked then identity', te('chunked, identity'), 'BAD_TRANSFER_ENCODING'],
    ['§6.3', 'no chunked', te('gzip'), 'BAD_TRANSFER_ENCODING'],
    ['§6.3', 'identity', te('identity'), 'BAD_TRANSFER_ENCODING'],
    ['§6.3', 'chunked with a prefix', te('xchunked'), 'BAD_TRANSFER_ENCODING'],
    ['§6.3', 'chunked with a suffix', te('chunked1'), 'BAD_TRANSFER_ENCODING'],
    ['§7', 'chunked with a parameter', te('chunked;q=1'), 'BAD_TRANSFER_ENCODING'],
    ['§7', 'quoted', te('"chunked"'), 'BAD_TRANSFER_ENCODING'],
    ['§7', 'single-quoted', te("'chunked'"), 'BAD_TRANSFER_ENCODING'],
    ['§7', 'leading comma', te(',chunked'), 'BAD_TRANSFER_ENCODING'],
    ['§7', 'trailing comma', te('chunked,'), 'BAD_TRANSFER_ENCODING'],
    ['§7', 'two codings without comma', te('gzip chunked'), 'BAD_TRANSFER_ENCODING'],
    ['§7', 'a second colon', te(': chunked'), 'BAD_TRANSFER_ENCODING'],
    ['§7', 'empty', te(''), 'BAD_TRANSFER_ENCODING'],
    ['§7', 'non-breaking space before', te('\xa0chunked'), 'BAD_TRANSFER_ENCODING'],
    ['§7', 'non-breaking space after', te('chunked\xa0'), 'BAD_TRANSFER_ENCODING'],
    ['§7', 'obs-text after', te('chunked\xff'), 'BAD_TRANSFER_ENCODING'],
    ['§5', 'vertical tab before', te('\x0bchunked'), 'CONTROL_BYTE'],
    ['§5', 'form feed after', te('chunked\x0c'), 'CONTROL_BYTE'],
    ['§5', 'NUL after', te('chunked\x00'), 'CONTROL_BYTE'],
    ['§6.1', 'a coding we do not speak, chunked last', te('gzip, chunked'), 'UNKNOWN_TRANSFER_CODING'],
    ['§6.1', 'an unknown coding, chunked last', te('x-made-up ,\tChunked'), 'UNKNOWN_TRANSFER_CODING'],
    ['§5.1', 'space before the colon', post('Transfer-Encoding : chunked\r\n'), 'SPACE_BEFORE_COLON'],
    ['§5.1', 'tab before the colon', post('Transfer-Encoding\t: chunked\r\n'), 'SPACE_BEFORE_COLON'],
    ['§5.2', 'value on a folded line', post('Transfer-Encoding:\r\n chunked\r\n'), 'OBS_FOLD'],
    ['§5.2', 'name on a folded line', post('X: y\r\n\tTransfer-Encoding: chunked\r\n'), 'OBS_FOLD'],
    ['§5', 'NUL in the name', post('Transfer\x00-Encoding: chunked\r\n'), 'CONTROL_BYTE'],
    ['§5', 'hidden behind a bare CR', post('X: y\rTransfer-Encoding: chunked\r\n'), 'BARE_CR'],
    ['§2.2', 'hidden behind a bare LF', post('X: y\nTransfer-Encoding: chunked\r\n'), 'BARE_LF'],
    ['§5', 'name in quotes', post('"Transfer-Encoding": chunked\r\n'), 'BAD_NAME'],
    ['§5', 'non-ASCII look-alike in the name', post('Transfer-Encod\xedng: chunked\r\n'), 'BAD_NAME'],
  ]);

  it('accepts exactly one chunked, in any case, with white space around it', () => {
    for (const value of ['chunked', 'Chunked', 'CHUNKED', ' chunked', '\tchunked \t']) {
      const { result, head } = parseRequest(te(value));
      assert.ok(result > 0, JSON.stringify(value));
      assert.equal(kindName(head.bodyKind), 'CHUNKED');
    }
  });

  it('treats names that only resemble the framing fields as ordinary fields', () => {
    for (const name of [
      'Transfer_Encoding',
      'Content_Length',
      'Transfer-Encoding-',
      'xTransfer-Encoding',
      'Content.Length',
    ]) {
      const { result, head } = parseRequest(post(`${name}: 5\r\n`));
      assert.ok(result > 0, name);
      assert.equal(kindName(head.bodyKind), 'NONE');
    }
  });
});

describe('line structure', () => {
  refuses([
    ['§2.2', 'bare LF ends the request line', `GET / HTTP/1.1\n${H}\r\n`, 'BARE_LF'],
    ['§2.2', 'bare LF ends a field line', get('Host: a\nX: y\r\n'), 'BARE_LF'],
    ['§2.2', 'bare LF after an empty value', get(`${H}X:\n`), 'BARE_LF'],
    ['§2.2', 'bare LF inside a name', get(`${H}X\nY: z\r\n`), 'BARE_LF'],
    ['§2.2', 'bare LF as blank line', `GET / HTTP/1.1\r\n${H}\n`, 'BARE_LF'],
    ['§2.2', 'bare CR inside a value', get(`${H}X: a\rb\r\n`), 'BARE_CR'],
    ['§2.2', 'bare CR as line end', get(`${H}X: a\rY: b\r\n`), 'BARE_CR'],
    ['§2.2', 'CR CR LF', get(`${H}X: a\r\r\n`), 'BARE_CR'],
    ['§2.2', 'bare CR instead of the blank line', `GET / HTTP/1.1\r\n${H}\rX`, 'BARE_CR'],
    ['§2.2', 'bare CR before the request line', `\rGET / HTTP/1.1\r\n${H}\r\n`, 'BARE_CR'],
    ['§2.2', 'bare LF before the request line', `\nGET / HTTP/1.1\r\n${H}\r\n`, 'BARE_LF'],
    ['§2.2', 'two empty lines before the request line', `\r\n\r\nGET / HTTP/1.1\r\n${H}\r\n`, 'BAD_METHOD'],
    ['§2.2', 'space before the request line', ` GET / HTTP/1.1\r\n${H}\r\n`, 'BAD_REQUEST_LINE'],
    ['§2.2', 'white space before the first field', get(` X: y\r\n${H}`), 'LEADING_WHITESPACE'],
    ['§2.2', 'tab before the first field', get(`\tX: y\r\n${H}`), 'LEADING_WHITESPACE'],
    ['§5.2', 'obs-fold with space', get(`${H}X: y\r\n z\r\n`), 'OBS_FOLD'],
    ['§5.2', 'obs-fold with tab', get(`${H}X: y\r\n\tz\r\n`), 'OBS_FOLD'],
    ['§5.2', 'obs-fold of nothing', get(`${H}X: y\r\n \r\n`), 'OBS_FOLD'],
    ['§5.1', 'space before the colon', get(`${H}X : y\r\n`), 'SPACE_BEFORE_COLON'],
    ['§5', 'empty name', get(`${H}: y\r\n`), 'EMPTY_NAME'],
    ['§5', 'line without colon', get(`${H}X\r\n`), 'MISSING_COLON'],
    ['§5', 'space inside a name', get(`${H}X Y: z\r\n`), 'SPACE_BEFORE_COLON'],
    ['§5', 'a second request line among the fields', get(`${H}GET /admin HTTP/1.1\r\n`), 'SPACE_BEFORE_COLON'],
    ['§5', 'parenthesis in a name', get(`${H}X(y): z\r\n`), 'BAD_NAME'],
    ['§5', 'slash in a name', get(`${H}X/y: z\r\n`), 'BAD_NAME'],
    ['§5', 'obs-text in a name', get(`${H}X\x80: z\r\n`), 'BAD_NAME'],
    ['§5', 'DEL in a name', get(`${H}X\x7f: z\r\n`), 'CONTROL_BYTE'],
  ]);
  for (let byte = 0; byte < 0x20; byte++) {
    if (byte === 9 || byte === 10 || byte === 13) continue;
    const character = String.fromCharCode(byte);
    it(`RFC 9110 §5.5: control byte ${byte} in a value and in a name`, () => {
      for (const pad of ['', 'a', 'ab', 'abc', 'abcd']) {
        assert.equal(requestOutcome(get(`${H}X: ${pad}${character}b\r\n`)), 'CONTROL_BYTE');
        assert.equal(requestOutcome(get(`${H}X${pad}${character}b: c\r\n`)), 'CONTROL_BYTE');
      }
    });
  }
  it('RFC 9110 §5.5: DEL in a value', () => assert.equal(requestOutcome(get(`${H}X: \x7f\r\n`)), 'CONTROL_BYTE'));
});

describe('request line', () => {
  refuses([
    ['§3', 'two spaces after the method', `GET  / HTTP/1.1\r\n${H}\r\n`, 'BAD_REQUEST_LINE'],
    ['§3', 'two spaces after the target', `GET /  HTTP/1.1\r\n${H}\r\n`, 'BAD_VERSION'],
    ['§3', 'tab after the method', `GET\t/ HTTP/1.1\r\n${H}\r\n`, 'BAD_METHOD'],
    ['§3', 'tab after the target', `GET /\tHTTP/1.1\r\n${H}\r\n`, 'BAD_TARGET'],
    ['§3', 'space after the version', `GET / HTTP/1.1 \r\n${H}\r\n`, 'BAD_VERSION'],
    ['§3', 'more after the version', `GET / HTTP/1.1 HTTP/1.1\r\n${H}\r\n`, 'BAD_VERSION'],
    ['§3', 'HTTP/0.9 request', 'GET /\r\n\r\n', 'BAD_REQUEST_LINE'],
    ['§3', 'no target', `GET HTTP/1.1\r\n${H}\r\n`, 'BAD_REQUEST_LINE'],
    ['§3.1', 'method with a colon', `GE:T / HTTP/1.1\r\n${H}\r\n`, 'BAD_METHOD'],
    ['§3.1', 'method with obs-text', `G\xc9T / HTTP/1.1\r\n${H}\r\n`, 'BAD_METHOD'],
    ['§2.3', 'lower-case protocol name', `GET / http/1.1\r\n${H}\r\n`, 'BAD_VERSION'],
    ['§2.3', 'another protocol', `GET / HTCP/1.1\r\n${H}\r\n`, 'BAD_VERSION'],
    ['§2.3', 'two-digit minor version', `GET / HTTP/1.10\r\n${H}\r\n`, 'BAD_VERSION'],
    ['§2.3', 'no minor version', `GET / HTTP/1\r\n${H}\r\n`, 'BAD_VERSION'],
    ['§2.3', 'letter as version', `GET / HTTP/1.x\r\n${H}\r\n`, 'BAD_VERSION'],
    ['RFC 9110 §15.6.6', 'HTTP/1.2', `GET / HTTP/1.2\r\n${H}\r\n`, 'UNSUPPORTED_VERSION'],
    ['RFC 9110 §15.6.6', 'HTTP/2.0', `GET / HTTP/2.0\r\n${H}\r\n`, 'UNSUPPORTED_VERSION'],
    ['RFC 9110 §15.6.6', 'HTTP/0.9 spelled out', `GET / HTTP/0.9\r\n${H}\r\n`, 'UNSUPPORTED_VERSION'],
  ]);
});

describe('Host', () => {
  const host = (value: string): string => get(`Host: ${value}\r\n`);
  refuses([
    ['§3.2', 'missing', get('X: y\r\n'), 'MISSING_HOST'],
    ['§3.2', 'missing, absolute-form target', 'GET http://a/ HTTP/1.1\r\n\r\n', 'MISSING_HOST'],
    ['§3.2', 'twice, equal', get(`${H}${H}`), 'DUPLICATE_HOST'],
    ['§3.2', 'twice, differing', get(`${H}hOST: b\r\n`), 'DUPLICATE_HOST'],
    ['§3.2', 'twice, first empty', get('Host:\r\nHost: b\r\n'), 'DUPLICATE_HOST'],
    ['§3.2', 'twice in HTTP/1.0', `GET / HTTP/1.0\r\n${H}${H}\r\n`, 'DUPLICATE_HOST'],
    ['§5.1', 'space before the colon', get('Host : a\r\n'), 'SPACE_BEFORE_COLON'],
    ['RFC 9110 §7.2', 'inner space', host('a b'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'path', host('a/b'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'user information', host('u@a'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'query', host('a?b'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'fragment', host('a#b'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'backslash', host('a\\b'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'scheme', host('http://a'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'angle brackets', host('<a>'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'quotes', host('"a"'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'obs-text', host('\xe9'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'broken encoding', host('a%4'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'encoding that is not hex', host('a%zz'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'port that is no number', host('a:http'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'negative port', host('a:-1'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'port too long', host('a:123456'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'two ports', host('a:1:2'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'port alone', host(':80'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'IPv6 without brackets', host('::1'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'open bracket alone', host('[::1'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'empty brackets', host('[]'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'text after the bracket', host('[::1]a'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'name in brackets', host('[evil.example]'), 'BAD_HOST'],
    ['RFC 9110 §7.2', 'a bracket inside a name', host('a[b]'), 'BAD_HOST'],
  ]);
  it('accepts names, addresses and ports', () => {
    for (const value of [
      'a',
      'A.b-c_d~',
      '127.0.0.1:80',
      '[::1]',
      '[2001:db8::1]:443',
      '[fe80::1%25eth0]',
      'a:',
      'a%41',
      "!$&'()*+,;=",
    ]) {
      assert.equal(requestOutcome(host(value)), 'OK', value);
      assert.equal(parseRequest(host(value)).head.host, value);
    }
  });
  it('accepts an empty value as no host (RFC 9110 §7.2)', () => {
    const { result, head } = parseRequest(get('Host:\r\n'));
    assert.ok(result > 0);
    assert.equal(head.host, '');
  });
});

describe('Expect (RFC 9110 §10.1.1)', () => {
  refuses([
    ['§10.1.1', 'another expectation', post('Expect: 200-ok\r\n'), 'UNKNOWN_EXPECT'],
    ['§10.1.1', 'a list', post('Expect: 100-continue, x\r\n'), 'UNKNOWN_EXPECT'],
    ['§10.1.1', 'a second line', post('Expect: 100-continue\r\nExpect: x\r\n'), 'UNKNOWN_EXPECT'],
  ]);
});

describe('errors', () => {
  it('every code has its own message and a fitting status', () => {
    const codes = Object.values(HeadError);
    assert.equal(new Set(codes).size, codes.length);
    assert.equal(new Set(codes.map(headErrorMessage)).size, codes.length);
    for (const code of codes) {
      assert.ok(code < 0);
      assert.ok([400, 414, 417, 431, 501, 505].includes(headErrorStatus(code)));
    }
    assert.equal(headErrorStatus(HeadError.TARGET_TOO_LONG), 414);
    assert.equal(headErrorStatus(HeadError.HEAD_TOO_LARGE), 431);
    assert.equal(headErrorStatus(HeadError.TOO_MANY_FIELDS), 431);
    assert.equal(headErrorStatus(HeadError.UNSUPPORTED_VERSION), 505);
    assert.equal(headErrorStatus(HeadError.UNKNOWN_TRANSFER_CODING), 501);
    assert.equal(headErrorStatus(HeadError.UNKNOWN_EXPECT), 417);
    assert.equal(headErrorStatus(HeadError.MISSING_HOST), 400);
  });
});
