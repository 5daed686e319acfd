// Reads recorded HTTP/1.1 streams that must be exactly well formed: what Sluice has written, in the one way it can be read. Slow,
// simple, and written apart from every parser that is compared with it.

export interface StrictMessage {
  readonly firstLine: string;
  /** Lower-case names and trimmed values, in order. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
  /** False for the last one when the stream ends inside of it. */
  readonly complete: boolean;
}

export interface StrictStream {
  readonly messages: readonly StrictMessage[];
  /** What is wrong, if anything is. */
  readonly fault: string | undefined;
}

interface Body {
  readonly text: string;
  /** Undefined while it is not complete. */
  readonly next: number | undefined;
}

const LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;
const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e\x80-\xff]+ HTTP\/1\.1$/;
const STATUS_LINE = /^HTTP\/1\.1 [1-9]\d\d [\t\x20-\x7e\x80-\xff]*$/;

export function readRequests(stream: string): StrictStream {
  return read(stream, REQUEST_LINE, () => 'none');
}

/**
 * @param bodiless whether the response with this number (interim ones not counted) answers HEAD.
 * @param ended the stream has ended in order: that completes a body of unknown length.
 */
export function readResponses(stream: string, bodiless: (index: number) => boolean, ended: boolean): StrictStream {
  let index = 0;
  return read(stream, STATUS_LINE, (firstLine) => {
    const status = firstLine.slice(9, 12);
    if (status.startsWith('1')) return 'never';
    if (bodiless(index++) || status === '204' || status === '304') return 'never';
    return ended ? 'rest' : 'open';
  });
}

/** @param framingOf what holds without a length and chunks; `never`: there is no body, whatever the fields say. */
function read(
  stream: string,
  firstLineForm: RegExp,
  framingOf: (firstLine: string) => 'none' | 'never' | 'rest' | 'open',
): StrictStream {
  const messages: StrictMessage[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = stream.indexOf('\r\n\r\n', at);
    if (end === -1) return { messages, fault: undefined };
    const [firstLine = '', ...lines] = stream.slice(at, end).split('\r\n');
    const bad = firstLineForm.test(firstLine) ? lines.find((line) => !LINE.test(line)) : firstLine;
    if (bad !== undefined) return { messages, fault: `not a line of a head: ${JSON.stringify(bad)}` };
    const fields = lines.map((line) => fieldOf(line));
    try {
      const body = bodyOf(stream, end + 4, fields, framingOf(firstLine));
      messages.push({ firstLine, fields, body: body.text, complete: body.next !== undefined });
      at = body.next ?? stream.length;
    } catch (error) {
      return { messages, fault: (error as Error).message };
    }
  }
  return { messages, fault: undefined };
}

export function fieldValue({ fields }: StrictMessage, name: string): string | undefined {
  return fields.find(([each]) => each === name)?.[1];
}

function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
}

function bodyOf(stream: string, at: number, fields: StrictMessage['fields'], otherwise: string): Body {
  const lengths = fields.filter(([name]) => name === 'content-length');
  const codings = fields.filter(([name]) => name === 'transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Error(`framed twice: ${JSON.stringify(fields)}`);
  if (otherwise === 'never') return { text: '', next: at };
  if (codings.length === 1) {
    if (codings[0]![1] !== 'chunked') throw new Error(`transfer coding ${codings[0]![1]}`);
    return chunksOf(stream, at);
  }
  if (lengths.length === 1) {
    if (!/^\d+$/.test(lengths[0]![1])) throw new Error(`length ${lengths[0]![1]}`);
    const next = at + Number(lengths[0]![1]);
    return { text: stream.slice(at, next), next: next <= stream.length ? next : undefined };
  }
  if (otherwise === 'none') return { text: '', next: at };
  return { text: stream.slice(at), next: otherwise === 'rest' ? stream.length : undefined };
}

function chunksOf(stream: string, start: number): Body {
  let text = '';
  for (let at = start; ; ) {
    const end = stream.indexOf('\r\n', at);
    if (end === -1) return { text, next: undefined };
    const size = stream.slice(at, end);
    if (!/^[0-9a-fA-F]{1,13}$/.test(size)) throw new Error(`chunk size ${JSON.stringify(size.slice(0, 40))}`);
    const bytes = Number.parseInt(size, 16);
    if (bytes === 0) {
      const last = stream.indexOf('\r\n\r\n', end);
      return { text, next: last === -1 ? undefined : last + 4 };
    }
    text += stream.slice(end + 2, end + 2 + bytes);
    at = end + 2 + bytes;
    if (stream.length < at + 2) return { text, next: undefined };
    if (stream.slice(at, at + 2) !== '\r\n') throw new Error('no line end behind the data of a chunk');
    at += 2;
  }
}
