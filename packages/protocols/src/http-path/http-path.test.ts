// The tables of the reference (HTTP routing §2) and properties of every path function. Paths are built from pieces that
// matter: dots, slashes, encodings of both, broken encodings, illegal characters.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { byteLengthOfText, textOfBytes } from './byte-text.ts';
import { deniedCharacter, encodedCharacterMask } from './denied-character.ts';
import { escapePath, unescapePath, withoutDecodedPrefix } from './escape-path.ts';
import { normalizePath } from './normalize-path.ts';
import { isPlainPath } from './plain-path.ts';
import { encodeSemicolons, semicolonsToAmpersands } from './query-semicolons.ts';
import { routingPath } from './routing-path.ts';
import { isCleanPath, sanitizePath } from './sanitize-path.ts';

const PIECES = [
  '/',
  '/',
  '.',
  '..',
  'a',
  'B',
  '%2F',
  '%2f',
  '%2e',
  '%2E',
  '%41',
  '%7e',
  '%25',
  '%00',
  '%C3%A9',
  '%ff',
  '%5c',
];
const MORE = [
  '%',
  '%4',
  '%zz',
  ';',
  ':',
  '@',
  '\\',
  '"',
  ' ',
  '|',
  '\xe9',
  '[',
  ']',
  '!',
  "'",
  '*',
  '+',
  ',',
  '=',
  '$',
  '&',
];
/** Anything a received path may look like. */
const RAW_PATH = fc.array(fc.constantFrom(...PIECES, ...MORE), { maxLength: 12 }).map((parts) => `/${parts.join('')}`);
/** A path after normalisation. */
const PATH = RAW_PATH.map((path) => normalizePath(path)).filter((path) => path !== undefined);

describe('normalizePath (HTTP routing §2)', () => {
  const cases: [string, string | undefined][] = [
    ['/', '/'],
    ['', ''],
    ['*', '*'],
    ['/plain/path.html', '/plain/path.html'],
    ['/%2e%2e/a', '/../a'],
    ['/%41%7a%30%2D%2e%5F%7E', '/Az0-._~'],
    ['/a%2fb%5c%3b', '/a%2Fb%5C%3B'],
    ['/a%2Fb', '/a%2Fb'],
    ['/%c3%a9', '/%C3%A9'],
    ['/%00', '/%00'],
    ['/a\\b', '/a%5Cb'],
    ['/a%2Fb\\c', '/a%2Fb%5Cc'],
    ['/"<>^`{|}', '/%22%3C%3E%5E%60%7B%7C%7D'],
    ['/ \xe9\x80', '/%20%E9%80'],
    ["/-._~!$&'()*+,;=:@[]", "/-._~!$&'()*+,;=:@[]"],
    ['/%', undefined],
    ['/%4', undefined],
    ['/%4g', undefined],
    ['/%g4', undefined],
    ['/%%41', undefined],
    ['/%u0041', undefined],
    ['/a#b', undefined],
    ['/a?b', undefined],
    ['/a\x00', undefined],
    ['/a\x1f', undefined],
    ['/a\u0100', undefined],
  ];
  for (const [path, expected] of cases) {
    it(`${JSON.stringify(path)} → ${JSON.stringify(expected)}`, () => assert.equal(normalizePath(path), expected));
  }

  it('is idempotent, keeps the decoded bytes and leaves only legal characters', () => {
    fc.assert(
      fc.property(RAW_PATH, (path) => {
        const normal = normalizePath(path);
        if (normal === undefined) return;
        assert.equal(normalizePath(normal), normal);
        assert.match(normal, /^([-._~!$&'()*+,;=:@/[\]0-9A-Za-z]|%[0-9A-F]{2})*$/);
        assert.doesNotMatch(normal, /%(2D|2E|5F|7E|3\d|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A])/);
      }),
    );
  });
});

describe('sanitizePath (HTTP routing §2)', () => {
  const cases: [string, string][] = [
    ['', '/'],
    ['*', '*'],
    ['/', '/'],
    ['//', '/'],
    ['//a', '/a'],
    ['/a//b//', '/a/b/'],
    ['/a%2Fb/../c', '/c'],
    ['/a%2F..%2Fb', '/a%2F..%2Fb'],
    ['/a/b/..;/c', '/a/b/..;/c'],
    ['/a/.', '/a'],
    ['/a/b/..', '/a'],
    ['/a/..', '/'],
    ['/a/./', '/a/'],
    ['/a/b/../', '/a/'],
    ['/a/../', '/'],
    ['/..', '/'],
    ['/../../etc', '/etc'],
    ['/../a', '/a'],
    ['/.', '/'],
    ['/./a', '/a'],
    ['/a/...', '/a/...'],
    ['/.../a', '/.../a'],
    ['/.a/..b/c./d..', '/.a/..b/c./d..'],
    ['a/b', '/a/b'],
    ['./a', '/a'],
    ['/a/b/', '/a/b/'],
    ['/a///../b', '/b'],
  ];
  for (const [path, expected] of cases) {
    it(`${JSON.stringify(path)} → ${expected}`, () => {
      assert.equal(sanitizePath(path), expected);
      assert.equal(isCleanPath(path), path === expected);
    });
  }

  it('is idempotent, clean, rooted, and keeps the trailing slash', () => {
    fc.assert(
      fc.property(PATH, (path) => {
        const clean = sanitizePath(path);
        assert.equal(sanitizePath(clean), clean);
        assert.ok(isCleanPath(clean));
        assert.ok(clean.startsWith('/'));
        assert.doesNotMatch(clean, /\/\/|(^|\/)\.\.?(\/|$)/);
        if (path.endsWith('/')) assert.ok(clean.endsWith('/'));
        else if (clean !== '/') assert.ok(!clean.endsWith('/'));
      }),
    );
  });

  it('never rises above the root: a prefix that cannot be left is never left', () => {
    fc.assert(
      fc.property(PATH, (path) => {
        const depth = path.split('/').length + 1;
        const prefix = '/p'.repeat(depth);
        assert.ok(sanitizePath(prefix + path).startsWith('/p'));
      }),
    );
  });

  it('is linear in hostile paths', () => {
    assert.equal(sanitizePath('/'.repeat(200_000)), '/');
    assert.equal(sanitizePath('/..'.repeat(100_000)), '/');
    assert.equal(sanitizePath('/a/..'.repeat(50_000)), '/');
  });
});

describe('routingPath (HTTP routing §2)', () => {
  const cases: [string, string | undefined][] = [
    ['/a', '/a'],
    ['/foo%20bar', '/foo bar'],
    ['/%61b', '/ab'],
    ['/a%2Fb', '/a%2Fb'],
    ['/a%2fb', '/a%2Fb'],
    [
      '/%21%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D',
      '/%21%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D',
    ],
    ['/%22%3C%3E%5C%5E%60%7B%7C%7D%00', '/"<>\\^`{|}\0'],
    ['/caf%C3%A9', '/caf\u00e9'],
    ['/%F0%9F%98%80', '/\u{1f600}'],
    ['/%E9', '/\udce9'],
    ['/%C3%28', '/\udcc3%28'],
    ['/%C0%AF', '/\udcc0\udcaf'],
    ['/%ED%A0%80', '/\udced\udca0\udc80'],
    ['/%', undefined],
    ['/%C3%', undefined],
    ['/%C3%A', undefined],
    ['/%zz', undefined],
  ];
  for (const [path, expected] of cases) {
    it(`${path} → ${JSON.stringify(expected)}`, () => assert.equal(routingPath(path), expected));
  }

  it('never makes a slash, percent or other reserved character out of an encoding', () => {
    fc.assert(
      fc.property(PATH, (path) => {
        const routing = routingPath(path);
        assert.ok(routing !== undefined);
        const reserved = /[!#$&'()*+,/:;=?@[\]]/g;
        assert.deepEqual(routing.match(reserved), path.match(reserved));
      }),
    );
  });
});

describe('isPlainPath', () => {
  it('is true only when nothing would change', () => {
    fc.assert(
      fc.property(RAW_PATH, (path) => {
        if (!isPlainPath(path)) return;
        assert.equal(normalizePath(path), path);
        assert.equal(sanitizePath(path), path);
        assert.equal(routingPath(path), path);
      }),
    );
  });

  it('is true for common paths', () => {
    for (const path of ['/', '/a', '/a/b.html', '/a/b/', '/a;v=1/@x']) assert.equal(isPlainPath(path), true, path);
    for (const path of ['', '*', 'a', '//', '/a//b', '/./a', '/a%20', '/a b'])
      assert.equal(isPlainPath(path), false, path);
  });
});

describe('deniedCharacter (HTTP routing §2)', () => {
  const allowed = {
    allowEncodedSlash: true,
    allowEncodedBackSlash: true,
    allowEncodedNullCharacter: true,
    allowEncodedSemicolon: true,
    allowEncodedPercent: true,
    allowEncodedQuestionMark: true,
    allowEncodedHash: true,
  };
  const cases: [keyof typeof allowed, string, string][] = [
    ['allowEncodedSlash', '/a%2fb', '%2F'],
    ['allowEncodedBackSlash', '/a%5Cb', '%5C'],
    ['allowEncodedNullCharacter', '/a%00', '%00'],
    ['allowEncodedSemicolon', '/%3b', '%3B'],
    ['allowEncodedPercent', '/%252F', '%25'],
    ['allowEncodedQuestionMark', '/%3F', '%3F'],
    ['allowEncodedHash', '/%23', '%23'],
  ];
  for (const [flag, path, found] of cases) {
    it(`${flag}: false denies ${found} and nothing else`, () => {
      const mask = encodedCharacterMask({ ...allowed, [flag]: false });
      assert.equal(deniedCharacter(path, mask), found);
      for (const [other, otherPath] of cases) {
        if (other !== flag) assert.equal(deniedCharacter(otherPath, mask), undefined, otherPath);
      }
      assert.equal(deniedCharacter('/a/\\;?#%', mask), undefined, 'literal characters');
      assert.equal(deniedCharacter(`/%20%41${path}`, mask), found, 'after other encodings');
    });
  }

  it('denies nothing with an empty mask', () => {
    assert.equal(encodedCharacterMask(allowed), 0);
    assert.equal(deniedCharacter('/%2F%00', 0), undefined);
  });
});

describe('query semicolons (HTTP routing §1)', () => {
  it('become ampersands or encodings; encoded ones stay', () => {
    assert.equal(semicolonsToAmpersands('a=1;b=2;;c=%3B'), 'a=1&b=2&&c=%3B');
    assert.equal(encodeSemicolons('a=1;b=2;;c=%3B'), 'a=1%3Bb=2%3B%3Bc=%3B');
    assert.equal(semicolonsToAmpersands('a=1&b'), 'a=1&b');
    assert.equal(encodeSemicolons(''), '');
  });
});

describe('unescapePath and escapePath', () => {
  it('convert at the edges', () => {
    assert.equal(unescapePath('/a%2Fb%20c%C3%A9'), '/a/b c\u00e9');
    assert.equal(unescapePath('/%'), undefined);
    assert.equal(unescapePath('/a%25b'), '/a%b');
    assert.equal(escapePath('/a b\u00e9%?#;:@'), '/a%20b%C3%A9%25%3F%23;:@');
    assert.equal(escapePath("/!'()*[]\\\u{1f600}\0"), '/%21%27%28%29%2A%5B%5D%5C%F0%9F%98%80%00');
    assert.equal(escapePath('/\ud800x'), '/%EF%BF%BDx');
  });

  it('escape gives back the bytes of whatever unescape decoded, UTF-8 or not', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255), { maxLength: 12 }), (bytes) => {
        const path = `/${bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`;
        const decoded = unescapePath(path);
        assert.ok(decoded !== undefined);
        const escaped = escapePath(decoded);
        assert.equal(unescapePath(escaped), decoded);
        const back = escaped.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
        assert.equal(back, `/${String.fromCharCode(...bytes)}`);
      }),
    );
  });

  it('round-trips text, and what it writes is already normal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 12 }), (text) => {
        const escaped = escapePath(`/${text}`);
        assert.equal(unescapePath(escaped), `/${text}`);
        assert.equal(normalizePath(escaped), escaped);
      }),
    );
  });

  it('decodes UTF-8 as the platform does, wherever that is lossless', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255), { maxLength: 8 }), (bytes) => {
        const text = textOfBytes(bytes);
        assert.equal(byteLengthOfText(text), bytes.length);
        const platform = Buffer.from(bytes).toString('utf8');
        if (!platform.includes('\ufffd')) assert.equal(text, platform);
        else if (!text.includes('\ufffd')) assert.match(text, /[\udc80-\udcff]/);
      }),
    );
  });

  it('withoutDecodedPrefix cuts the escaped path after the decoded prefix', () => {
    assert.equal(withoutDecodedPrefix('/api/v1', '/api'), '/v1');
    assert.equal(withoutDecodedPrefix('/a%2Fb/c%2Fd', '/a/b'), '/c%2Fd');
    assert.equal(withoutDecodedPrefix('/caf%C3%A9/x', '/caf\u00e9'), '/x');
    assert.equal(withoutDecodedPrefix('/a', '/a'), '');
    assert.equal(withoutDecodedPrefix('/a', ''), '/a');
    assert.equal(withoutDecodedPrefix('/a', '/ab'), undefined);
    assert.equal(withoutDecodedPrefix('/%4', '/@'), undefined);
  });

  it('withoutDecodedPrefix agrees with cutting the decoded text', () => {
    fc.assert(
      fc.property(PATH, fc.nat(12), (path, size) => {
        const decoded = unescapePath(path)!;
        const prefix = [...decoded].slice(0, size).join('');
        const rest = withoutDecodedPrefix(path, prefix);
        assert.equal(unescapePath(rest!), decoded.slice(prefix.length));
      }),
    );
  });
});
