// What every balancing strategy offers the data path: a server for one exchange, connection or flow, out of those that are up.
// A picker belongs to one service in one worker; server health and in-flight counts come from shared status.

import type { TriedServers } from './tried-servers.ts';

/** The part of a server that strategies look at. */
export interface PickerServer {
  /** Servers with a weight of 0 or less are never picked by strategies that use weights. */
  readonly weight: number;
  /** Row in the shared server status. */
  readonly statusRow: number;
  /**
   * What makes it the same server in every worker, after a reload and after a restart: its address. Strategies that hash take
   * the row where it is missing, which lasts as long as the supervisor.
   */
  readonly identity?: string;
}

export interface Picker {
  /**
   * Index of a server that is up, or -1 when there is none. Hot path: must not allocate.
   * @param key whose server it is to be, for strategies that hash: bytes of the source address, 4 or 16 of them. Without one
   * they choose at random.
   * @param tried servers that have failed this very connection; undefined: none.
   */
  pick(key?: Uint8Array, tried?: TriedServers): number;
}

/** Uniform in [0, 1). Replaced in tests to make choices repeatable. */
export type RandomSource = () => number;
