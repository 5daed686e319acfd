// Random commands at both ends of TLS connections, during handshakes too; test/chaos.ts has the model that checks every event.

import { describe, it } from 'node:test';
import { Chaos, runChaos } from '../test/chaos.ts';
import { serverContext } from '../test/tls-harness.ts';
import { createTlsClientContext } from './index.ts';

describe('random commands at both ends of TLS', () => {
  for (const seed of [2, 78, 4243, 990_018]) {
    it(`keep the contract (seed ${seed})`, { timeout: 90_000 }, () =>
      runChaos(new Chaos(seed, { server: serverContext(), client: createTlsClientContext({ insecure: true }) })),
    );
  }
});
