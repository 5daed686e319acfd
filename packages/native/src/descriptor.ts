// Plain file descriptors as the other faces hand them out: closing and duplicating them.
// For descriptors that nothing else in Node owns; never for one that a net.Server, FileHandle or transport holds.

import { loadAddon } from './addon.ts';

interface DescriptorAddon {
  closeDescriptor(descriptor: number): void;
  duplicateDescriptor(descriptor: number): number;
}

const addon = loadAddon<DescriptorAddon>();

/**
 * Closes it now. The kernel reuses the number at once, so closing twice may close somebody else's: forget it after this.
 * @throws Error with `code` EBADF when it is not open, EINVAL for anything but a non-negative 32-bit integer.
 */
export function closeDescriptor(descriptor: number): void {
  addon.closeDescriptor(descriptor);
}

/**
 * Another number for the same open file, socket or memory, close-on-exec.
 * @throws Error with `code` EBADF, EMFILE or EINVAL.
 */
export function duplicateDescriptor(descriptor: number): number {
  return addon.duplicateDescriptor(descriptor);
}
