// How much room a field block needs at most, before it is encoded. Numbers only.

import { FIELD_WORDS, type HeaderTable } from '@sluice/protocols';

/** Length prefixes of name and value, and the first byte. Strings never get longer by being encoded. */
const FIELD_OVERHEAD_BYTES = 12;
/** Changes of the table's size, which come first. */
const BLOCK_OVERHEAD_BYTES = 16;

/** Of all fields of the table, removed ones included. */
export function fieldsBytesMax(table: HeaderTable): number {
  const { fields, count, addedNames, addedValues } = table;
  let bytes = BLOCK_OVERHEAD_BYTES + (count + addedNames.length) * FIELD_OVERHEAD_BYTES;
  for (let at = 0; at < count * FIELD_WORDS; at += FIELD_WORDS) bytes += fields[at + 1] + fields[at + 3];
  for (let i = 0; i < addedNames.length; i++) bytes += addedNames[i].length + addedValues[i].length;
  return bytes;
}

/** Of one more field. */
export function fieldBytesMax(name: string, value: string): number {
  return FIELD_OVERHEAD_BYTES + name.length + value.length;
}
