// A hundred certificates one after the other under handshakes without a pause, and a thousand TLS connections when workers die.

import { test } from 'node:test';
import { certificateSwaps } from '../scenarios/certificate-swaps.ts';
import { secureWorkerKills } from '../scenarios/secure-worker-kills.ts';

const timeout = 300_000;

for (const by of ['files', 'configuration'] as const) {
  test(`a hundred certificates, swapped by ${by}`, { timeout }, (context) =>
    certificateSwaps(context, { swaps: 100, workers: 4, clients: 8, by }),
  );
}

test('a thousand TLS connections, workers killed one after the other', { timeout }, (context) =>
  secureWorkerKills(context, { connections: 1_000, workers: 4, kills: 4 }),
);
