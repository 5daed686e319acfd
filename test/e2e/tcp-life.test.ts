import { test } from 'node:test';
import { tcpLife } from '../scenarios/tcp-life.ts';

test(
  '1,000 TCP connections live through a reload and the end of a worker that is not theirs',
  { timeout: 150_000 },
  (context) => tcpLife(context, { connections: 1_000, workers: 2 }),
);
