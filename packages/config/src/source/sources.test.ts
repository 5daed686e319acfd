import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'smol-toml';
import { parseSource } from './parse-source.ts';
import type { SourceDocument, SourceNode } from './source-node.ts';

function parsed(text: string, format: 'yaml' | 'toml' | 'json'): SourceDocument {
  const { document, diagnostic } = parseSource(text, format, 'file');
  assert.equal(diagnostic, undefined);
  return document!;
}

function plain(node: SourceNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'null') return null;
  if (node.kind === 'list') return node.items.map(plain);
  return Object.fromEntries(node.entries.map((entry) => [entry.key, plain(entry.node)]));
}

/** Every positioned key is where the text says so. */
function checkKeyPositions(node: SourceNode, text: string): number {
  if (node.kind === 'list') return node.items.reduce((sum, item) => sum + checkKeyPositions(item, text), 0);
  if (node.kind !== 'map') return 0;
  let found = 0;
  for (const { key, offset, node: value } of node.entries) {
    if (offset >= 0) {
      const at = text.slice(offset).replace(/^["']/, '');
      assert.ok(at.startsWith(key), `${key} at ${offset}: ${at.slice(0, 20)}`);
      found++;
    }
    found += checkKeyPositions(value, text);
  }
  return found;
}

test('TOML: positions of generated documents', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '-', ' ', '.', '#', 'é', '[', '='), maxLength: 4 });
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.array(fc.string()),
      tie('table'),
      fc.array(tie('table'), { maxLength: 3 }),
    ),
    table: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  })).table as fc.Arbitrary<Record<string, unknown>>;
  let positions = 0;
  fc.assert(
    fc.property(tree, (value) => {
      const text = stringify(value);
      positions += checkKeyPositions(parsed(text, 'toml').root, text);
    }),
    { numRuns: 300 },
  );
  assert.ok(positions > 300, `only ${positions} keys had a position`);
});

test('TOML: awkward strings, comments and dates do not shift positions', () => {
  const text = [
    'a = """x = 1',
    '[not.a.table]"""""',
    "b = '''it's # no comment'''",
    'c = [1, # ] "',
    '  [2, "]"], { k = "}", "q.r" = 1979-05-27 07:32:00 }]',
    'd.e."f g" = 07:32:00 # end',
    '[[t]]',
    'n = 1',
    '[t.sub]',
    'm = "\\"]"',
    '[[t]]',
    'n = 2',
    '[last]',
    'z = true',
  ].join('\n');
  const { root, position } = parsed(text, 'toml');
  assert.equal(checkKeyPositions(root, text), 15);
  const at = (path: readonly (string | number)[]): string => {
    let node = root;
    let offset = -1;
    for (const part of path) {
      if (node.kind === 'list') node = node.items[part as number]!;
      else if (node.kind === 'map') {
        const entry = node.entries.find(({ key }) => key === part)!;
        ({ node, offset } = entry);
      }
    }
    return JSON.stringify(position(offset));
  };
  assert.equal(at(['t', 1, 'n']), '{"line":12,"column":1}');
  assert.equal(at(['t', 0, 'sub', 'm']), '{"line":10,"column":1}');
  assert.equal(at(['c', 2, 'q.r']), '{"line":5,"column":24}');
  assert.equal(at(['d', 'e', 'f g']), '{"line":6,"column":5}');
  assert.equal(at(['last', 'z']), '{"line":14,"column":1}');
});

test('YAML: positions, merge keys, odd keys', () => {
  const text = 'a:\r\n  b: [1, {c: 2}]\r\n80: x\ntrue: y\n"q": &n {k: v}\nm: {<<: *n, k: w}\nl: {<<: [*n, {z: 1}]}\n';
  const { root } = parsed(text, 'yaml');
  assert.deepEqual(plain(root), {
    a: { b: [1, { c: 2 }] },
    '80': 'x',
    true: 'y',
    q: { k: 'v' },
    m: { k: 'w' },
    l: { k: 'v', z: 1 },
  });
  assert.equal(checkKeyPositions(root, text), 12);
});

test('JSON is read', () => {
  assert.deepEqual(plain(parsed('{\n\t"a": [1, "x\\/y", null, 1e3]\n}', 'json').root), { a: [1, 'x/y', null, 1000] });
});

test('YAML: integers beyond 2^53 keep every digit, scalars their spelling', () => {
  const { root } = parsed('a: 9223372036854774807\nb: 1.0\nc: 0755\n', 'yaml');
  assert.deepEqual(plain(root), { a: 9223372036854774807n, b: 1, c: 755 });
  assert.equal(root.kind === 'map' && root.entries[1]!.node.kind === 'scalar' && root.entries[1]!.node.text, '1.0');
});

test('one syntax error, with its position', () => {
  const cases: readonly (readonly [string, 'yaml' | 'toml', RegExp, number])[] = [
    ['a: b\nc: "d', 'yaml', /closing/, 2],
    ['a: [1\nb: 2', 'yaml', /flow/i, 2],
    ['a: 1\n---\nb: 2', 'yaml', /only one/, 2],
    ['a: *nowhere', 'yaml', /anchor|alias/i, 1],
    ['a: 1\nb = 2', 'yaml', /./, 2],
    ['? [a]\n: b', 'yaml', /plain word/, 1],
    ['<<: x', 'yaml', /merge key/, 1],
    ['a = 1\nb = ', 'toml', /./, 2],
    ['[a]\n[a]', 'toml', /./, 2],
  ];
  for (const [text, format, message, line] of cases) {
    const { diagnostic } = parseSource(text, format, 'file');
    assert.equal(diagnostic?.code, 'CONFIG_SYNTAX', text);
    assert.match(diagnostic!.message, message);
    assert.equal(diagnostic!.line, line, `${text}: ${diagnostic!.message}`);
  }
});

test('hostile documents are refused quickly', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
  for (let level = 0; level < 9; level++) {
    const [from, to] = ['abcdefghij'[level], 'abcdefghij'[level + 1]];
    bomb.push(`${to}: &${to} [${`*${from},`.repeat(10)}]`);
  }
  const documents: readonly (readonly [string, 'yaml' | 'toml'])[] = [
    [bomb.join('\n'), 'yaml'],
    ['['.repeat(500_000), 'yaml'],
    ['- '.repeat(500_000), 'yaml'],
    ['{a: '.repeat(200_000), 'yaml'],
    ['? '.repeat(200_000), 'yaml'],
    ['&a '.repeat(200_000), 'yaml'],
    ['*a '.repeat(200_000), 'yaml'],
    ['!x '.repeat(200_000), 'yaml'],
    ['a: &a [*a]', 'yaml'],
    [`a = ${'['.repeat(200_000)}`, 'toml'],
    [`a = ${'{b='.repeat(200_000)}`, 'toml'],
    [`${'a.'.repeat(200_000)}a = 1`, 'toml'],
    [`[${'a.'.repeat(200_000)}a]`, 'toml'],
    ['x'.repeat(33 * 1024 * 1024), 'yaml'],
  ];
  for (const [text, format] of documents) {
    const start = performance.now();
    const { diagnostic } = parseSource(text, format, 'file');
    assert.equal(diagnostic?.code, 'CONFIG_SYNTAX', text.slice(0, 20));
    assert.ok(performance.now() - start < 60_000, `${text.slice(0, 20)} took ${performance.now() - start}ms`);
  }
});

test('bytes that are not UTF-8', () => {
  assert.match(parseSource(Uint8Array.of(0x61, 0xff), 'yaml', 'file').diagnostic!.message, /UTF-8/);
  assert.equal(parseSource(Buffer.from('\uFEFFa: 1'), 'yaml', 'file').diagnostic, undefined);
});
