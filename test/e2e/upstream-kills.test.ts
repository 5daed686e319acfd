import { test } from 'node:test';
import { upstreamKills } from '../scenarios/upstream-kills.ts';

test(
  'a killed server is out within interval plus timeout, and back after its restart',
  { timeout: 150_000 },
  (context) => upstreamKills(context, { kills: 1, connections: 8, pauseMs: 10 }),
);
