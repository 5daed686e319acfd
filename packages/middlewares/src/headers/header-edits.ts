// A fixed list of edits on a header table: set or delete, in the order of the configuration. Made once, applied per message.
// Allocates nothing but the table's own overlay entries.

import { fieldLine, type HeaderTable } from '@sluice/protocols';
import { fieldText } from '../shared/field-text.ts';

export class HeaderEdits {
  private readonly names: readonly string[];
  private readonly lowerNames: readonly string[];
  /** Undefined: delete. */
  private readonly values: readonly (string | undefined)[];
  /** As they go out; undefined: delete. */
  private readonly lines: readonly (Uint8Array | undefined)[];

  /** @param map names to values; "" deletes. @throws Error for values with control characters. */
  constructor(map: Readonly<Record<string, string>>) {
    this.names = Object.keys(map);
    this.lowerNames = this.names.map((name) => name.toLowerCase());
    this.values = this.names.map((name) => (map[name] === '' ? undefined : fieldText(map[name]!)));
    this.lines = this.names.map((name, i) => {
      const value = this.values[i];
      return value === undefined ? undefined : fieldLine(name, value);
    });
  }

  get isEmpty(): boolean {
    return this.names.length === 0;
  }

  apply(table: HeaderTable): void {
    for (let i = 0; i < this.names.length; i++) {
      table.remove(this.lowerNames[i]!);
      const value = this.values[i];
      if (value !== undefined) table.add(this.names[i]!, value, this.lowerNames[i], this.lines[i]);
    }
  }
}
