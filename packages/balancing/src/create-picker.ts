// Makes the picker a service asks for. The one place that knows all strategies.

import type { ServerStatus } from '@sluice/shared-state';
import { LeastConnections } from './least-connections.ts';
import { MaglevHash, type MaglevOptions } from './maglev-hash.ts';
import type { Picker, PickerServer, RandomSource } from './picker.ts';
import { PowerOfTwoChoices } from './power-of-two-choices.ts';
import { RendezvousHash } from './rendezvous-hash.ts';
import { type SlowStartOptions, slowStartOf } from './slow-start.ts';
import { WeightedRoundRobin } from './weighted-round-robin.ts';

/** Names as in the configuration. */
export type PickerStrategy = 'wrr' | 'p2c' | 'leastconn' | 'hash' | 'maglev';

export interface PickerOptions extends MaglevOptions {
  readonly random?: RandomSource;
  /** Undefined: a server that comes up has its whole weight at once. */
  readonly slowStart?: SlowStartOptions;
}

export function createPicker(
  strategy: PickerStrategy,
  servers: readonly PickerServer[],
  status: ServerStatus,
  options: PickerOptions = {},
): Picker {
  const { random = Math.random } = options;
  const slowStart = slowStartOf(status, options.slowStart);
  switch (strategy) {
    case 'wrr':
      return new WeightedRoundRobin(servers, status, random, slowStart);
    case 'p2c':
      return new PowerOfTwoChoices(servers, status, random, slowStart);
    case 'leastconn':
      return new LeastConnections(servers, status, random, slowStart);
    case 'hash':
      return new RendezvousHash(servers, status, random, slowStart);
    case 'maglev':
      return new MaglevHash(servers, status, random, slowStart, options);
  }
}
