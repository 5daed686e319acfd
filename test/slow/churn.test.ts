// Fifty thousand connections in a minute, which come from many addresses and end in every way.
// CHURN_CONNECTIONS sets how many (default 50,000); a minute is what they take at that rate.

import { test } from 'node:test';
import { churn } from '../scenarios/churn.ts';

const CONNECTIONS = Number(process.env.CHURN_CONNECTIONS ?? 50_000);
const PER_SECOND = 50_000 / 60;

test('a minute of churn leaves descriptors, counts and memory as they were', { timeout: 300_000 }, (context) =>
  churn(context, { connections: CONNECTIONS, warmUp: 5_000, perSecond: PER_SECOND, growthMaxKib: 64 * 1024 }),
);
