import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CONTROL_ERRORS } from './catalogue/control-errors.ts';
import { DIAGNOSTIC_TEXTS } from './catalogue/diagnostic-codes.ts';
import { DOWNSTREAM_ERRORS } from './catalogue/downstream-errors.ts';
import { ID_BASE } from './catalogue/entry.ts';
import { PROXY_ERRORS } from './catalogue/proxy-errors.ts';
import { UPSTREAM_ERRORS } from './catalogue/upstream-errors.ts';
import { CATALOGUE, Errors, errorById, operatorSentence } from './catalogue.ts';
import { renderErrorsPage } from './errors-page.ts';

const SIDES = [DOWNSTREAM_ERRORS, UPSTREAM_ERRORS, PROXY_ERRORS, CONTROL_ERRORS];

test('no code is in two lists and none is lost when they are joined', () => {
  const codes = SIDES.flatMap((side) => Object.keys(side));
  assert.equal(new Set(codes).size, codes.length);
  assert.deepEqual(new Set(CATALOGUE.map((entry) => entry.code)), new Set(codes));
});

test('numbers are unique, in the range of their side, and lead back to their entry', () => {
  const ids = new Set<number>();
  for (const entry of CATALOGUE) {
    assert.ok(!ids.has(entry.id), `${entry.code} shares the id ${entry.id}`);
    ids.add(entry.id);
    assert.ok(entry.id > ID_BASE[entry.side] && entry.id < ID_BASE[entry.side] + 64, entry.code);
    assert.equal(errorById(entry.id), entry);
  }
  assert.throws(() => errorById(0), RangeError);
  assert.throws(() => errorById(256), RangeError);
});

test('entries cannot be changed', () => {
  for (const entry of CATALOGUE) assert.ok(Object.isFrozen(entry));
  assert.ok(Object.isFrozen(Errors));
});

test('an answer has a status, a body kind that fits and nothing more', () => {
  for (const entry of CATALOGUE) {
    if (entry.side === 'control') assert.equal(entry.status, 0, entry.code);
    if (entry.status === 0) assert.equal(entry.body, 'empty', entry.code);
    else assert.ok(entry.status >= 400 && entry.status <= 599, entry.code);
    assert.equal(entry.bodyText !== '', entry.body === 'plain', entry.code);
  }
});

test('every text is whole sentences on one line', () => {
  const texts = [...CATALOGUE, ...Object.values(DIAGNOSTIC_TEXTS)].flatMap(({ meaning, check }) => [meaning, check]);
  for (const text of texts) assert.match(text, /^[^\n|]*[.]$/u, text);
  assert.equal(operatorSentence(Errors.NO_ROUTER), `NO_ROUTER: ${Errors.NO_ROUTER.meaning} ${Errors.NO_ROUTER.check}`);
});

test('statuses follow the error table of the HTTP services reference', () => {
  const expected: readonly (readonly [keyof typeof Errors, number])[] = [
    ['UPSTREAM_CLOSED_BEFORE_HEAD', 502],
    ['DOWNSTREAM_CLOSED', 499],
    ['UPSTREAM_CONNECT_REFUSED', 502],
    ['UPSTREAM_NAME_NOT_RESOLVED', 502],
    ['UPSTREAM_CONNECT_TIMEOUT', 504],
    ['UPSTREAM_RESPONSE_HEAD_TIMEOUT', 504],
    ['DOWNSTREAM_BODY_TIMEOUT', 504],
    ['UPSTREAM_MALFORMED_RESPONSE', 500],
    ['UPSTREAM_HEAD_TOO_LARGE', 500],
    ['UPSTREAM_UNSUPPORTED_SCHEME', 500],
    ['UPSTREAM_SWITCH_MISMATCH', 500],
    ['DOWNSTREAM_BODY_CUT', 500],
    ['NO_SERVER_AVAILABLE', 503],
  ];
  for (const [code, status] of expected) assert.equal(Errors[code].status, status, code);
});

test('every code of diagnostic.ts is listed, and no other', () => {
  const source = readFileSync(new URL('./diagnostic.ts', import.meta.url), 'utf8');
  const declared = [...source.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map((match) => match[1]);
  assert.ok(declared.length >= 10);
  assert.deepEqual(Object.keys(DIAGNOSTIC_TEXTS).toSorted(), declared.toSorted());
});

test('the reference page is current and lists every code', () => {
  const page = renderErrorsPage();
  for (const entry of CATALOGUE) assert.ok(page.includes(`\n### ${entry.code}\n`), entry.code);
  for (const code of Object.keys(DIAGNOSTIC_TEXTS)) assert.ok(page.includes(`| \`${code}\` |`), code);
  const written = readFileSync(new URL('../../../docs/reference/errors.md', import.meta.url), 'utf8');
  assert.equal(written, page, 'run: node scripts/generate-errors-page.ts');
});
