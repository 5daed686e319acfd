// What every balancing strategy offers the data path: a server for one exchange, out of those that are up.
// A picker belongs to one service in one worker; server health and in-flight counts come from shared status.

/** The part of a server that strategies look at. */
export interface PickerServer {
  /** Servers with a weight of 0 or less are never picked by strategies that use weights. */
  readonly weight: number;
  /** Row in the shared server status. */
  readonly statusRow: number;
}

export interface Picker {
  /** Index of a server that is up, or -1 when there is none. Hot path: must not allocate. */
  pick(): number;
}

/** Uniform in [0, 1). Replaced in tests to make choices repeatable. */
export type RandomSource = () => number;
