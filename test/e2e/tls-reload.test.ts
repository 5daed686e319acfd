// TLS while things change: certificates are replaced, workers die, tickets are taken to other workers. Longer in test/slow.

import { test } from 'node:test';
import { certificateSwaps } from '../scenarios/certificate-swaps.ts';
import { secureWorkerKills } from '../scenarios/secure-worker-kills.ts';

const timeout = 170_000;

for (const by of ['files', 'configuration'] as const) {
  test(`certificates are swapped by ${by} while clients shake hands`, { timeout }, (context) =>
    certificateSwaps(context, { swaps: 20, workers: 2, clients: 4, by }),
  );
}

test('a killed worker costs its own TLS connections', { timeout }, (context) =>
  secureWorkerKills(context, { connections: 200, workers: 2, kills: 2 }),
);
