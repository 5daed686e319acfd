// What every change promises, under as much load as the machine carries: wrk counts everything, the exact load beside it
// knows the fate of each request.

import { test } from 'node:test';
import { editsUnderLoad } from '../scenarios/edits-under-load.ts';
import { workerKills } from '../scenarios/worker-kills.ts';

const WRK_CONNECTIONS = 64;

test('200 edits under wrk: none costs a request, each takes effect', { timeout: 300_000 }, (context) =>
  editsUnderLoad(context, {
    edits: 200,
    connections: 8,
    pauseMs: 10,
    effectMaxMs: 5_000,
    wrkConnections: WRK_CONNECTIONS,
  }),
);

test('20 workers are killed under wrk: only their own requests fail', { timeout: 300_000 }, (context) =>
  workerKills(context, { kills: 20, workers: 4, connections: 8, pauseMs: 10, wrkConnections: WRK_CONNECTIONS }),
);
