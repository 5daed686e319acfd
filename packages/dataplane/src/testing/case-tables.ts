// Renders the cases as the tables of docs/security/http1.md. Text in, text out; writing the file is the script's job.

import { type ByteCase, readCases } from './case-file.ts';

const BEGIN = '<!-- cases: begin -->\n';
const END = '<!-- cases: end -->';

/** @returns the page with its tables anew. @throws Error when it has no place for them. */
export function withCaseTables(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`expected ${BEGIN.trim()} and then ${END}`);
  const tables = [
    tablesOf('Requests', readCases('requests'), ['answer', 'what the server gets'], requestCells),
    tablesOf('Responses', readCases('responses'), ['what the client gets', "the server's connection"], responseCells),
  ];
  return `${page.slice(0, begin + BEGIN.length)}\n${tables.join('\n')}\n${page.slice(end)}`;
}

function tablesOf(
  heading: string,
  cases: readonly ByteCase[],
  columns: readonly string[],
  cells: (each: ByteCase) => readonly string[],
): string {
  const parts: string[] = [];
  for (const table of new Set(cases.map((each) => each.table))) {
    const rows = cases
      .filter((each) => each.table === table)
      .map((each) => row([each.title, each.section, ...cells(each), `\`${each.id}\``]));
    const head = row(['attempt', 'section', ...columns, 'case']);
    parts.push(`### ${heading}: ${lowerFirst(table)}\n\n${head}|---|---|---|---|---|\n${rows.join('')}`);
  }
  return parts.join('\n');
}

function requestCells({ settings, expected }: ByteCase): string[] {
  const words = settings.get('answer')!.split(' ');
  const statuses = words.slice(0, -1).map((word) => word.replace('100?', '100 or none'));
  const answer = words.at(-1) === 'open' ? statuses.join(', ') : `${statuses.join(', ')}, closed`;
  const requests = expected.match(/\{own/g)?.length ?? 0;
  let gets = requests === 0 ? 'nothing' : plural(requests);
  if (words.at(-1) === 'cut') gets = 'a beginning, then the end';
  else if (statuses.includes('101')) gets = '1 request, then the rest as it is';
  return [answer, gets];
}

function responseCells({ settings, expected }: ByteCase): string[] {
  const own = /^\{(\d+)\}/.exec(expected)?.[1];
  const statuses =
    own ?? [...expected.matchAll(/(?:^|\r\n\r\n)HTTP\/1\.1 (\d+)/g)].map(([, status]) => status).join(', ');
  const after = settings.get('after')!;
  if (after === 'cut') return [`${statuses}, then cut`, 'closed'];
  if (after === 'ended') return [`${statuses}, then the end`, 'not looked at'];
  return [statuses, after];
}

function plural(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}
