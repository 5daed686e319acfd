// The memory that all processes of a node share for as long as this supervisor lives: control words, server status, limits.

import { randomBytes } from 'node:crypto';
import { closeDescriptor, createSharedMemory, mapWritable } from '@sluice/native';
import { CLIENT_KEY_WORDS, ControlBlock, LimitsBlock, ServerStatus } from '@sluice/shared-state';

/** One per server of a service. Pages are taken only for rows that are used. */
const STATUS_ROWS = 65_536;

export interface NodeMemory {
  readonly control: ControlBlock;
  readonly controlDescriptor: number;
  readonly status: ServerStatus;
  readonly statusDescriptor: number;
  readonly limits: LimitsBlock;
  readonly limitsDescriptor: number;
  /** Gives up the descriptors; the maps stay. Again: nothing happens. */
  close(): void;
}

/** @throws Error with a `code` when the system has no memory or descriptors left. */
export function createNodeMemory(slots: number, entryPoints: number): NodeMemory {
  const control = createSharedMemory('sluice-control', ControlBlock.byteLength(slots));
  const status = createSharedMemory('sluice-status', ServerStatus.byteLength(STATUS_ROWS, slots));
  const shape = { slots, entryPoints, serverRows: STATUS_ROWS };
  const limits = createSharedMemory('sluice-limits', LimitsBlock.byteLength(shape));
  const key = new Uint32Array(new Uint8Array(randomBytes(CLIENT_KEY_WORDS * 4)).buffer);
  let open = true;
  return {
    control: ControlBlock.create(mapWritable(control.descriptor), slots),
    controlDescriptor: control.descriptor,
    status: new ServerStatus(mapWritable(status.descriptor), slots),
    statusDescriptor: status.descriptor,
    limits: LimitsBlock.create(mapWritable(limits.descriptor), shape, key),
    limitsDescriptor: limits.descriptor,
    close: () => {
      if (!open) return;
      open = false;
      closeDescriptor(control.descriptor);
      closeDescriptor(status.descriptor);
      closeDescriptor(limits.descriptor);
    },
  };
}
