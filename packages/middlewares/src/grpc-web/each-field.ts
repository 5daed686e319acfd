// Goes over all fields of a header table, received ones and added ones, in their order.

import type { HeaderTable } from '@sluice/protocols';

/** Names come in lower case. */
export function eachField(table: HeaderTable | undefined, visit: (name: string, value: string) => void): void {
  if (table === undefined) return;
  for (let i = 0; i < table.count; i++) {
    if (!table.isRemoved(i)) visit(table.nameAt(i), table.valueAt(i));
  }
  for (let i = 0; i < table.addedLowerNames.length; i++) visit(table.addedLowerNames[i]!, table.addedValues[i]!);
}
