// What a run of the micro benchmarks saves (micro.json). Data only.

export interface MicroResults {
  readonly environment: {
    /** ISO 8601, UTC. */
    readonly startedAt: string;
    readonly processor: string;
    readonly kernel: string;
    readonly node: string;
    /** One-minute average before the run: above 1 somebody else was at work. */
    readonly loadAverage: number;
  };
  readonly groups: readonly { readonly title: string; readonly rows: readonly MicroRow[] }[];
}

/** Nanoseconds of one run. */
export interface MicroRow {
  readonly name: string;
  readonly p50Ns: number;
  readonly minNs: number;
  readonly p99Ns: number;
  readonly averageNs: number;
  /** Average of what one run leaves on the heap; undefined when a collection came in between every time. */
  readonly heapBytes: number | undefined;
  readonly bytes: number | undefined;
}
