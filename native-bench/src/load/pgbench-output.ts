// Reads what pgbench prints at its end. Parsing only.

export interface PgbenchResult {
  readonly transactions: number;
  readonly failed: number;
  /** Without the time of connecting. */
  readonly transactionsPerSecond: number;
  readonly meanUs: number;
}

/** @throws Error with the output when a line is missing or damaged. */
export function parsePgbenchOutput(output: string): PgbenchResult {
  const found = (pattern: RegExp): number => {
    const match = pattern.exec(output);
    if (match === null) throw new Error(`the result of pgbench has no ${pattern.source}:\n${output.slice(-2_000)}`);
    return Number(match[1]);
  };
  return {
    transactions: found(/^number of transactions actually processed: (\d+)/m),
    failed: found(/^number of failed transactions: (\d+)/m),
    transactionsPerSecond: found(/^tps = (\d+(?:\.\d+)?) \(without initial connection time\)/m),
    meanUs: found(/^latency average = (\d+(?:\.\d+)?) ms/m) * 1000,
  };
}
