// How long a randomised test runs: FUZZ_SECONDS of the environment, a second without it.

const DEFAULT_SECONDS = 1;

/** Runs `round` again and again, with ascending seeds from FUZZ_SEED (default 1), until the time is up; at least once. */
export function fuzzRounds(round: (seed: number) => void): number {
  let seed = Number(process.env.FUZZ_SEED ?? 1);
  const deadline = performance.now() + Number(process.env.FUZZ_SECONDS ?? DEFAULT_SECONDS) * 1_000;
  let rounds = 0;
  do {
    round(seed++);
    rounds++;
  } while (performance.now() < deadline);
  return rounds;
}
