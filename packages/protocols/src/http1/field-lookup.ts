// Field name bytes → field id by a perfect hash over (length, last two bytes), verified byte by byte.
// Allocates nothing after module load. Names that are not in FIELD_NAMES are OTHER.

import { FIELD_NAMES, Field } from '../http-head/field-id.ts';

const SLOTS = 256;
const NAME_MAX_BYTES = FIELD_NAMES.reduce((longest, name) => Math.max(longest, name.length), 0);

const idBySlot = new Uint8Array(SLOTS);
const nameBytes = new Uint8Array(FIELD_NAMES.length * NAME_MAX_BYTES);
const nameView = new DataView(nameBytes.buffer);
const lengthById = new Uint8Array(FIELD_NAMES.length);
const multiplier = findMultiplier();

/**
 * Id of the field whose name is `length` token bytes at `offset`, in any case; OTHER when it is none of ours.
 * `view` covers `bytes`. Setting bit 0x20 folds case exactly here: our names hold letters, digits and `-` only, and the
 * bytes it would confuse with them are no token bytes.
 */
export function fieldIdAt(bytes: Buffer, view: DataView, offset: number, length: number): number {
  if (length < 2 || length > NAME_MAX_BYTES) return Field.OTHER;
  const last = offset + length - 1;
  const id = idBySlot[slotOf(length, bytes[last - 1] | 0x20, bytes[last] | 0x20, multiplier)];
  if (id === Field.OTHER || lengthById[id] !== length) return Field.OTHER;
  const name = id * NAME_MAX_BYTES;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    if ((view.getInt32(offset + i, true) | 0x20202020) !== nameView.getInt32(name + i, true)) return Field.OTHER;
  }
  for (; i < length; i++) {
    if ((bytes[offset + i] | 0x20) !== nameBytes[name + i]) return Field.OTHER;
  }
  return id;
}

function slotOf(length: number, beforeLast: number, last: number, factor: number): number {
  return Math.imul((length << 16) | (beforeLast << 8) | last, factor) >>> 24;
}

/** Fills the tables with the first multiplier under which no two names share a slot; found within some dozen trials. */
function findMultiplier(): number {
  for (let trial = 0; trial < 100_000; trial++) {
    const factor = (0x9e3779b1 + 2 * trial) | 0;
    if (fillTables(factor)) return factor;
  }
  throw new Error('two field names have the same length and the same last two characters');
}

function fillTables(factor: number): boolean {
  idBySlot.fill(0);
  for (let id = 1; id < FIELD_NAMES.length; id++) {
    const name = FIELD_NAMES[id];
    const slot = slotOf(name.length, name.charCodeAt(name.length - 2), name.charCodeAt(name.length - 1), factor);
    if (idBySlot[slot] !== 0) return false;
    idBySlot[slot] = id;
    lengthById[id] = name.length;
    for (let i = 0; i < name.length; i++) nameBytes[id * NAME_MAX_BYTES + i] = name.charCodeAt(i);
  }
  return true;
}
