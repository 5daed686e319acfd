// How long a fuzz test of this package runs: FUZZ_SECONDS, and only briefly without it.

export function fuzzBudgetMs(): number {
  const seconds = Number(process.env.FUZZ_SECONDS ?? '');
  return (Number.isFinite(seconds) && seconds > 0 ? seconds : 0.6) * 1000;
}
