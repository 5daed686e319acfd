// Bytes held back keep their order through any pattern of appending and consuming.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { BufferedBytes } from '../worker/buffered-bytes.ts';
import { HeldInput } from './held-input.ts';

it('behaves like a queue of bytes', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ append: fc.uint8Array({ maxLength: 9_000 }), consume: fc.double({ min: 0, max: 1, noNaN: true }) }),
      ),
      (steps) => {
        const buffered = new BufferedBytes({ queuedMemoryBytes: 0 }, 0);
        const held = new HeldInput(buffered, new Uint8Array(0), 0, 0);
        let expected = Buffer.alloc(0);
        for (const { append, consume } of steps) {
          held.append(append, 0, append.length);
          expected = Buffer.concat([expected, append]);
          assert.ok(expected.equals(held.bytes.subarray(held.start, held.end)));
          const count = Math.floor(expected.length * consume);
          held.consumeTo(held.start + count);
          expected = expected.subarray(count);
          assert.equal(held.length, expected.length);
          assert.equal(buffered.total, held.bytes.length);
        }
        held.release();
        held.release();
        assert.equal(buffered.total, 0);
      },
    ),
    { numRuns: 50 },
  );
});
