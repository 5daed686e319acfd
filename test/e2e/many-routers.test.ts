import { test } from 'node:test';
import { manyRouters } from '../scenarios/many-routers.ts';

test('5000 routers: one changes, no worker is held up, the tables are shared', { timeout: 90_000 }, (context) =>
  manyRouters(context, { routers: 5_000, workers: 3, edits: 5, effectMaxMs: 15_000 }),
);
