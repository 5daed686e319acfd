import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fuzzRounds } from '../testing/fuzz-rounds.ts';
import { LineRing } from './line-ring.ts';

const LINE_MAX = 64;

interface Step {
  /** A line of that length is put in. */
  readonly put?: number;
  /** At most `max` bytes are taken for writing, of which a share is written. */
  readonly take?: number;
  readonly share?: number;
  readonly restart?: boolean;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ put: fc.integer({ min: 1, max: LINE_MAX }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      take: fc.integer({ min: LINE_MAX, max: 300 }),
      share: fc.constantFrom(0, 1, 1, 0.5, 0.99, 0.01),
    }),
  },
  { weight: 1, arbitrary: fc.record({ restart: fc.constant(true) }) },
);

/** What the ring should hold, kept the simple way. */
class Model {
  readonly lines: string[] = [];
  /** Bytes of the first line that are written. */
  partial = 0;

  get waiting(): string {
    return this.lines.join('').slice(this.partial);
  }

  written(count: number): void {
    let left = this.partial + count;
    while (this.lines.length > 0 && left >= this.lines[0]!.length) left -= this.lines.shift()!.length;
    this.partial = left;
  }
}

function run(capacity: number, steps: readonly Step[]): void {
  const ring = new LineRing(capacity, LINE_MAX);
  const model = new Model();
  let serial = 0;
  const put = (length: number) => {
    const start = ring.begin();
    if (start === -1) {
      // At worst the end of the memory, a line before the turn and the free rest are each just too short.
      assert.ok(ring.size + model.partial > capacity - 2 * LINE_MAX, `refused although ${ring.size} of ${capacity}`);
      return;
    }
    const line = `${String(serial++)
      .padStart(length, '.')
      .slice(-length + 1)}`
      .slice(0, length - 1)
      .concat('\n');
    ring.bytes.write(line, start, 'latin1');
    ring.commit(start, start + line.length);
    model.lines.push(line);
  };
  for (const { put: length, take, share = 0, restart } of steps) {
    if (length !== undefined) put(length);
    else if (restart === true) {
      ring.restartLine();
      model.partial = 0;
    } else if (take !== undefined) {
      const bytes = ring.next(take);
      const piece = ring.bytes.toString('latin1', ring.start, ring.start + bytes);
      assert.ok(model.waiting.startsWith(piece));
      assert.ok(bytes <= take && (bytes > 0 || model.waiting === ''));
      if (bytes > 0) assert.equal(piece.at(-1), '\n', 'ends with a line');
      const count = Math.ceil(bytes * share);
      ring.written(count);
      model.written(count);
    }
    assert.equal(ring.size, model.waiting.length);
  }
  while (ring.size > 0) {
    const bytes = ring.next(LINE_MAX);
    assert.ok(model.waiting.startsWith(ring.bytes.toString('latin1', ring.start, ring.start + bytes)));
    ring.written(bytes);
    model.written(bytes);
  }
  assert.equal(model.waiting, '');
  assert.notEqual(ring.begin(), -1, 'an empty ring has room');
}

test('a ring gives back what was put in, in order and in whole lines, whatever is written of it', () => {
  const capacities = fc.integer({ min: 2 * LINE_MAX, max: 600 });
  const property = fc.property(capacities, fc.array(step, { maxLength: 120 }), run);
  fuzzRounds((seed) => fc.assert(property, { numRuns: 200, seed }));
});

test('a ring that could not hold two lines is none', () => {
  assert.throws(() => new LineRing(2 * LINE_MAX - 1, LINE_MAX), RangeError);
});
