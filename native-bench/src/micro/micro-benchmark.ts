// One hot function with prepared input, timed alone. `run` does the work once and must not allocate for its own sake.

export interface MicroBenchmark {
  /** What is timed, and with which input. */
  readonly name: string;
  /** Returns something that depends on the work, so that none of it can be left out. */
  readonly run: () => unknown;
  /** Bytes that one run goes over, where a rate per byte says something. */
  readonly bytes?: number;
}

/** Made when its turn comes: a hundred thousand routers need memory that the others must not share. */
export interface MicroGroup {
  readonly title: string;
  readonly make: () => readonly MicroBenchmark[];
}
