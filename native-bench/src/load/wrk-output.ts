// Reads the line of JSON that the Lua script makes wrk print. Parsing only.

export const RESULT_MARK = 'bench-result ';

/** Times in microseconds; errors are numbers of occurrences. */
export interface WrkResult {
  readonly durationUs: number;
  readonly requests: number;
  /** Received, heads included. */
  readonly bytes: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  readonly connectErrors: number;
  readonly readErrors: number;
  readonly writeErrors: number;
  /** Answers with a status above 399; they are among `requests`. */
  readonly statusErrors: number;
  readonly timeouts: number;
}

const FIELDS: readonly (keyof WrkResult)[] = [
  'durationUs',
  'requests',
  'bytes',
  'p50Us',
  'p99Us',
  'p999Us',
  'maxUs',
  'connectErrors',
  'readErrors',
  'writeErrors',
  'statusErrors',
  'timeouts',
];

/** @throws Error with the output when the line is missing or damaged. */
export function parseWrkOutput(output: string): WrkResult {
  const line = output.split('\n').find((each) => each.startsWith(RESULT_MARK));
  if (line === undefined) throw new Error(`wrk printed no result:\n${output.slice(-2_000)}`);
  const value = parseJson(line.slice(RESULT_MARK.length));
  const damaged = FIELDS.filter((field) => !Number.isFinite(value[field]));
  if (damaged.length > 0) throw new Error(`the result of wrk has no ${damaged.join(', ')}: ${line}`);
  return value as unknown as WrkResult;
}

export function errorsOf(result: WrkResult): number {
  const { connectErrors, readErrors, writeErrors, statusErrors, timeouts } = result;
  return connectErrors + readErrors + writeErrors + statusErrors + timeouts;
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`the result of wrk is damaged: ${text}`);
  }
}
