import { test } from 'node:test';
import { editsUnderLoad } from '../scenarios/edits-under-load.ts';

test(
  '25 edits under load: none costs a request, each takes effect, old revisions go',
  { timeout: 150_000 },
  (context) => editsUnderLoad(context, { edits: 25, connections: 8, pauseMs: 10 }),
);
