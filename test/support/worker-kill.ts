// Kills a worker the hard way and waits for its successor. Knows which connections died with it; judges nothing else.

import assert from 'node:assert/strict';
import { clientPortsOf } from './process-view.ts';
import type { SluiceNode } from './sluice-node.ts';

/** @returns ports of the clients that the worker had: only their requests may fail. */
export async function killWorker(node: SluiceNode, port: number, slot: number): Promise<Set<number>> {
  const pid = node.workers.get(slot)!;
  const from = node.lines.length;
  // Stopped first: what it has cannot change between looking and killing.
  process.kill(pid, 'SIGSTOP');
  const own = clientPortsOf(pid, port);
  process.kill(pid, 'SIGKILL');
  const crash = await node.line('WORKER_CRASHED', from);
  assert.deepEqual([crash.slot, crash.pid, crash.signal], [slot, pid, 'SIGKILL']);
  assert.equal((await node.line('worker serves', from)).slot, slot);
  return own;
}
