import { test } from 'node:test';
import { churn } from '../scenarios/churn.ts';

test('1,000 connections come and go: nobody is lost, and nothing is left behind', { timeout: 150_000 }, (context) =>
  churn(context, { connections: 800, warmUp: 200, perSecond: 1_000, growthMaxKib: 96 * 1024 }),
);
