// What belongs to ids of a transport, by their seats. In place of a Map where ids come and go all the time, for the reason that a roster
// is one in place of a Set; an id that is over finds nothing. Allocates nothing per id but room in two arrays, which stay as long as the
// highest seat wants them.

import { INDEX_MASK } from '@sluice/native';

export class SeatTable<Value> {
  private readonly ids: number[] = [];
  private readonly values: (Value | undefined)[] = [];

  /** In place of what belonged to the id, or to an earlier one of its seat. */
  set(id: number, value: Value): void {
    const seat = id & INDEX_MASK;
    while (this.ids.length <= seat) {
      this.ids.push(0);
      this.values.push(undefined);
    }
    this.ids[seat] = id;
    this.values[seat] = value;
  }

  get(id: number): Value | undefined {
    const seat = id & INDEX_MASK;
    return seat < this.ids.length && this.ids[seat] === id ? this.values[seat] : undefined;
  }

  delete(id: number): void {
    if (this.get(id) !== undefined) this.values[id & INDEX_MASK] = undefined;
  }
}
