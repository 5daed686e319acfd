// All fields of a head at once: what was received and not removed, then what was added. Allocates nothing.

import { FIELD_WORDS, type HeaderTable, REMOVED } from '../http-head/header-table.ts';
import { type HpackEncoder, Indexing } from './hpack-encoder.ts';

/**
 * Writes the fields of the table into the block that was begun. The caller has removed those that HTTP/2 does not know.
 * @throws RangeError as `HpackEncoder.stringField`; `checkAddedFields` tells beforehand.
 */
export function encodeFields(encoder: HpackEncoder, table: HeaderTable): void {
  const { bytes, fields, count, neverIndexed } = table;
  for (let index = 0; index < count; index++) {
    const at = index * FIELD_WORDS;
    const id = fields[at + 4];
    if ((id & REMOVED) !== 0) continue;
    const isNever = neverIndexed !== undefined && neverIndexed[index] > 0;
    const indexing = isNever ? Indexing.NEVER : Indexing.AUTO;
    encoder.rangeField(bytes, fields[at], fields[at + 1], fields[at + 2], fields[at + 3], id, indexing);
  }
  const { addedLowerNames, addedValues } = table;
  for (let i = 0; i < addedLowerNames.length; i++) encoder.stringField(addedLowerNames[i], addedValues[i]);
}
