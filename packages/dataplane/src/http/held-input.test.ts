// Bytes held back keep their order through any pattern of appending and consuming.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { HeldInput } from './held-input.ts';

it('behaves like a queue of bytes', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ append: fc.uint8Array({ maxLength: 9_000 }), consume: fc.double({ min: 0, max: 1, noNaN: true }) }),
      ),
      (steps) => {
        const held = new HeldInput(new Uint8Array(0), 0, 0);
        let expected = Buffer.alloc(0);
        for (const { append, consume } of steps) {
          held.append(append, 0, append.length);
          expected = Buffer.concat([expected, append]);
          assert.ok(expected.equals(held.bytes.subarray(held.start, held.end)));
          const count = Math.floor(expected.length * consume);
          held.consumeTo(held.start + count);
          expected = expected.subarray(count);
          assert.equal(held.length, expected.length);
        }
      },
    ),
    { numRuns: 50 },
  );
});
