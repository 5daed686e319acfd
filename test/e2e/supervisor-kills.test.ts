import { test } from 'node:test';
import { supervisorKills } from '../scenarios/supervisor-kills.ts';

test(
  'supervisors are killed and followed by others, with more and fewer workers: nobody notices',
  { timeout: 150_000 },
  (context) => supervisorKills(context, { workers: [2, 2, 3, 1], connections: 8, pauseMs: 10 }),
);
