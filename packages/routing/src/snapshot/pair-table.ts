// Numbers pairs of integers in the order in which they first appear. A Map would need a key object or a float for each.

export class PairTable {
  size = 0;
  private slots = new Int32Array(3 * 1024);

  reset(): void {
    this.size = 0;
    this.slots.fill(0);
  }

  /** Number of the pair; `size` grows by one when it is new. Both are integers from 0 to 2^31-1. */
  number(first: number, second: number): number {
    if (this.size * 2 * 3 >= this.slots.length) this.grow();
    const at = this.find(this.slots, first, second);
    if (this.slots[at + 2] === 0) {
      this.slots[at] = first;
      this.slots[at + 1] = second;
      this.slots[at + 2] = ++this.size;
    }
    return this.slots[at + 2]! - 1;
  }

  private find(slots: Int32Array, first: number, second: number): number {
    const count = slots.length / 3;
    let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    for (let slot = (hash ^ (hash >>> 13)) & (count - 1); ; slot = (slot + 1) & (count - 1)) {
      const at = slot * 3;
      if (slots[at + 2] === 0 || (slots[at] === first && slots[at + 1] === second)) return at;
    }
  }

  private grow(): void {
    const larger = new Int32Array(this.slots.length * 2);
    for (let at = 0; at < this.slots.length; at += 3) {
      if (this.slots[at + 2] === 0) continue;
      const to = this.find(larger, this.slots[at]!, this.slots[at + 1]!);
      for (let i = 0; i < 3; i++) larger[to + i] = this.slots[at + i]!;
    }
    this.slots = larger;
  }
}
