// How long a randomised test runs: FUZZ_SECONDS of the environment, a few seconds without it.

const DEFAULT_SECONDS = 2;

/** Runs `round` again and again, with ascending seeds from FUZZ_SEED (default 1), until the time is up; at least once. */
export function fuzzRounds(round: (seed: number) => void): number {
  const seconds = Number(process.env.FUZZ_SECONDS ?? DEFAULT_SECONDS);
  let seed = Number(process.env.FUZZ_SEED ?? 1);
  const deadline = performance.now() + seconds * 1000;
  let rounds = 0;
  do {
    round(seed++);
    rounds++;
  } while (performance.now() < deadline);
  return rounds;
}
