// What tests of pickers share: a status block in plain memory, servers with addresses, clients with addresses. No expectations.

import { ServerHealth, ServerStatus } from '@sluice/shared-state';
import type { Picker, PickerServer } from '../picker.ts';

const SLOTS = 2;

/** @param now of the block's clock. */
export function statusOf(health: readonly boolean[], now: () => number = () => 0): ServerStatus {
  const status = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(health.length, SLOTS)), SLOTS, now);
  for (const [row, up] of health.entries()) status.reset(row, up ? ServerHealth.UP : ServerHealth.DOWN);
  return status;
}

export const allUp = (count: number, now?: () => number): ServerStatus => statusOf(Array(count).fill(true), now);

export function setUp(status: ServerStatus, row: number, up: boolean): void {
  status.setHealth(row, up ? ServerHealth.UP : ServerHealth.DOWN);
}

/** Servers with rows from 0 and an address each. */
export function serversOf(weights: readonly number[]): PickerServer[] {
  return weights.map((weight, statusRow) => ({ weight, statusRow, identity: `10.0.0.${statusRow}:5432` }));
}

/** The address of a client by number: IPv4 as 16 bytes, as sockets for both families have it. */
export function client(number: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[10] = bytes[11] = 0xff;
  new DataView(bytes.buffer).setUint32(12, (0x0a000000 + number) >>> 0);
  return bytes;
}

/** What a picker gives so many clients, by number. */
export function picksOf(picker: Picker, clients: number): number[] {
  return Array.from({ length: clients }, (_, number) => picker.pick(client(number)));
}

/** How often each server is among the picks. */
export function countsOf(picks: readonly number[], servers: number): number[] {
  const counts = new Array<number>(servers).fill(0);
  for (const index of picks) counts[index]++;
  return counts;
}
