// The counters of this worker's slot, mapped from the descriptor that the supervisor passed in.

import { closeDescriptor, mapWritable } from '@sluice/native';
import { MetricsBlock } from '@sluice/shared-state';
import { WorkerMetrics } from '../metrics/worker-metrics.ts';
import type { WorkerBootstrap } from './worker-protocol.ts';

/** @throws Error when the block cannot be mapped, or is of another version. */
export function openMetrics({ metrics }: WorkerBootstrap): { readonly metrics?: WorkerMetrics } {
  if (metrics === undefined) return {};
  const block = new MetricsBlock(mapWritable(metrics.descriptor));
  closeDescriptor(metrics.descriptor);
  return { metrics: new WorkerMetrics(block, metrics.settings) };
}
