import { test } from 'node:test';
import { workerKills } from '../scenarios/worker-kills.ts';

test('4 workers are killed under load: only their own requests fail', { timeout: 150_000 }, (context) =>
  workerKills(context, { kills: 4, workers: 2, connections: 8, pauseMs: 10 }),
);
