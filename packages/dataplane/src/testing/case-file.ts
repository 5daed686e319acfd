// Reads the files of cases in packages/dataplane/test/cases: what is sent and what must come of it, as data for the tests and for
// docs/security/http1.md. The files explain their form themselves; a mistake in one is an error with its line.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ByteCase {
  /** Heading of its table. */
  readonly table: string;
  readonly id: string;
  readonly title: string;
  readonly section: string;
  /** Every `key: value` line besides the id. */
  readonly settings: ReadonlyMap<string, string>;
  /** The lines `> …`, joined: bytes of whoever is hostile. */
  readonly sent: string;
  /** The lines `< …`, joined; placeholders as they stand. */
  readonly expected: string;
}

type Draft = { -readonly [K in keyof ByteCase]: ByteCase[K] } & { settings: Map<string, string> };

const FOLDER = join(import.meta.dirname, '../../test/cases');
const ESCAPES: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' };

/** A request that nobody must take for one where it is not. */
export const SECOND = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n';

/** @throws Error naming file and line. */
export function readCases(name: 'requests' | 'responses'): ByteCase[] {
  const file = `${name}.txt`;
  const cases: Draft[] = [];
  const ids = new Set<string>();
  let table = '';
  for (const [index, line] of readFileSync(join(FOLDER, file), 'utf8').split('\n').entries()) {
    const fail = (what: string): never => {
      throw new Error(`${file}:${index + 1}: ${what}: ${line}`);
    };
    if (line.startsWith('# ')) table = line.slice(2);
    if (table === '' || line === '' || line.startsWith('# ')) continue;
    if (line.startsWith('id: ')) {
      const draft = startCase(table, line);
      if (draft === undefined || ids.has(draft.id)) fail('expected a new id, a title and a section, separated by |');
      ids.add(draft!.id);
      cases.push(draft!);
      continue;
    }
    const current = cases.at(-1) ?? fail('expected a case first');
    const setting = /^([a-z]+): (.+)$/.exec(line);
    if (line.startsWith('> ')) current.sent += unescapeBytes(line.slice(2));
    else if (line.startsWith('< ')) current.expected += unescapeBytes(line.slice(2));
    else if (setting !== null) current.settings.set(setting[1]!, setting[2]!);
    else fail('expected "key: value", "> bytes" or "< bytes"');
  }
  return cases;
}

function startCase(table: string, line: string): Draft | undefined {
  const [id = '', title = '', section = ''] = line.slice(4).split(' | ');
  if (!/^[a-z0-9-]+$/.test(id) || title === '' || !section.includes('§')) {
    if (!section.startsWith('Appendix')) return undefined;
  }
  return { table, id, title, section, settings: new Map(), sent: '', expected: '' };
}

function unescapeBytes(text: string): string {
  return text
    .replaceAll('{second}', SECOND)
    .replace(/\{([^{}]*)\*(\d+)\}/g, (_, piece: string, times: string) => piece.repeat(Number(times)))
    .replace(/\\(?:x([0-9a-f]{2})|([rnt0\\]))/g, (_, hex?: string, letter?: string) =>
      hex === undefined ? ESCAPES[letter!]! : String.fromCharCode(Number.parseInt(hex, 16)),
    );
}
