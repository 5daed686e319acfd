import { test } from 'node:test';
import { manyRouters } from '../scenarios/many-routers.ts';

test('2,000 routers: one changes, no worker is held up, the tables are shared', { timeout: 170_000 }, (context) =>
  manyRouters(context, { routers: 2_000, workers: 3, edits: 3, effectMaxMs: 60_000 }),
);
