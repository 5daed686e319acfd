// The memory that all processes of a node share for as long as this supervisor lives: control words and server status.

import { closeDescriptor, createSharedMemory, mapWritable } from '@sluice/native';
import { ControlBlock, ServerStatus } from '@sluice/shared-state';

/** One per server of a service. Pages are taken only for rows that are used. */
const STATUS_ROWS = 65_536;

export interface NodeMemory {
  readonly control: ControlBlock;
  readonly controlDescriptor: number;
  readonly status: ServerStatus;
  readonly statusDescriptor: number;
  /** Gives up the descriptors; the maps stay. Again: nothing happens. */
  close(): void;
}

/** @throws Error with a `code` when the system has no memory or descriptors left. */
export function createNodeMemory(slots: number): NodeMemory {
  const control = createSharedMemory('sluice-control', ControlBlock.byteLength(slots));
  const status = createSharedMemory('sluice-status', ServerStatus.byteLength(STATUS_ROWS, slots));
  let open = true;
  return {
    control: ControlBlock.create(mapWritable(control.descriptor), slots),
    controlDescriptor: control.descriptor,
    status: new ServerStatus(mapWritable(status.descriptor), slots),
    statusDescriptor: status.descriptor,
    close: () => {
      if (!open) return;
      open = false;
      closeDescriptor(control.descriptor);
      closeDescriptor(status.descriptor);
    },
  };
}
