// Random commands at both ends of plain connections; test/chaos.ts has the model that checks every event.

import { describe, it } from 'node:test';
import { Chaos, runChaos } from '../test/chaos.ts';

describe('random commands at both ends', () => {
  for (const seed of [1, 77, 4242, 990_017]) {
    it(`keep the contract (seed ${seed})`, { timeout: 90_000 }, () => runChaos(new Chaos(seed)));
  }
});
