// Reads what h2load prints at its end. Parsing only.

/** Times in microseconds. */
export interface H2loadResult {
  readonly durationUs: number;
  /** Answers with a good status (2xx, 3xx). */
  readonly requests: number;
  /** Requests without an answer, and answers with another status. */
  readonly errors: number;
  readonly meanUs: number;
  readonly maxUs: number;
}

const UNIT_US: Readonly<Record<string, number>> = { us: 1, ms: 1_000, s: 1_000_000, m: 60_000_000, h: 3_600_000_000 };

/** @throws Error with the output when a line is missing or damaged. */
export function parseH2loadOutput(output: string): H2loadResult {
  const found = (pattern: RegExp): readonly string[] => {
    const match = pattern.exec(output);
    if (match === null) throw new Error(`the result of h2load has no ${pattern.source}:\n${output.slice(-2_000)}`);
    return match.slice(1);
  };
  const [duration] = found(/^finished in (\S+?),/m);
  const [succeeded, failed] = found(/^requests: .*?(\d+) succeeded, (\d+) failed/m);
  // Columns: min, max, mean, sd.
  const [max, mean] = found(/^time for request: +\S+ +(\S+) +(\S+)/m);
  return {
    durationUs: microseconds(duration!),
    requests: Number(succeeded),
    errors: Number(failed),
    meanUs: microseconds(mean!),
    maxUs: microseconds(max!),
  };
}

/** `1.50s`, `12us`, `3.4ms`. @throws Error for anything else. */
export function microseconds(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`h2load printed "${text}" where a time was expected`);
  return Number(number) * UNIT_US[unit!]!;
}
