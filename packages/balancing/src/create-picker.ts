// Makes the picker a service asks for. The one place that knows all strategies.

import type { ServerStatus } from '@sluice/shared-state';
import { LeastConnections } from './least-connections.ts';
import type { Picker, PickerServer, RandomSource } from './picker.ts';
import { PowerOfTwoChoices } from './power-of-two-choices.ts';
import { WeightedRoundRobin } from './weighted-round-robin.ts';

/** Names as in the configuration. */
export type PickerStrategy = 'wrr' | 'p2c' | 'leastconn';

export function createPicker(
  strategy: PickerStrategy,
  servers: readonly PickerServer[],
  status: ServerStatus,
  random: RandomSource = Math.random,
): Picker {
  switch (strategy) {
    case 'wrr':
      return new WeightedRoundRobin(servers, status, random);
    case 'p2c':
      return new PowerOfTwoChoices(servers, status, random);
    case 'leastconn':
      return new LeastConnections(servers, status, random);
  }
}
