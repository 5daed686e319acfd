// How long random schedules look for a violation: FUZZ_SECONDS of the environment, a few seconds without it.

const SECONDS_DEFAULT = 4;

/** Milliseconds. */
export function fuzzBudgetMs(): number {
  return 1_000 * Number(process.env.FUZZ_SECONDS ?? SECONDS_DEFAULT);
}
