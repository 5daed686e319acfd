// Fuzzing of what reads QUIC datagrams of strangers: whatever comes, nothing throws, and nobody is read as somebody else.
// FUZZ_SECONDS sets the time.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fuzzBudgetMs } from '../http1/test-support.ts';
import { alpnExtension, helloMessage, serverNameExtension } from '../tls-hello/test-support.ts';
import { InitialHello, QuicHelloState } from './initial-hello.ts';
import { QuicError } from './quic-error.ts';
import { connectionIdOf } from './quic-header.ts';
import { cryptoFrame, sealInitial } from './test-support.ts';

const MESSAGE = helloMessage({ extensions: [serverNameExtension('a.example'), alpnExtension('h3')] });
const FRAME = cryptoFrame(0, MESSAGE);
const PACKET = sealInitial({ frames: FRAME, packetBytes: 600 });
const DATAGRAM = Buffer.concat([PACKET, sealInitial({ frames: Buffer.of(1), number: 1, packetBytes: 600 })]);

const reader = new InitialHello();

function edits(bytes: number): fc.Arbitrary<[number, number, Uint8Array][]> {
  return fc.array(fc.tuple(fc.nat(bytes), fc.nat(3), fc.uint8Array({ maxLength: 3 })), { minLength: 1, maxLength: 4 });
}

function edited(bytes: Buffer, changes: readonly (readonly [number, number, Uint8Array])[]): Buffer {
  return changes.reduce<Buffer>(
    (before, [at, removed, inserted]) =>
      Buffer.concat([before.subarray(0, at), inserted, before.subarray(at + removed)]),
    bytes,
  );
}

function isResult(result: number): boolean {
  return Number.isInteger(result) && result >= QuicError.BAD_HELLO && result <= QuicHelloState.COMPLETE;
}

describe('hostile datagrams', () => {
  it('with ranges replaced: read as they were, or not at all (fuzz)', () => {
    fc.assert(
      fc.property(edits(60), fc.nat(1300), (changes, length) => {
        reader.reset();
        const bytes = edited(DATAGRAM, changes).subarray(0, Math.max(length, 1150));
        const result = reader.add(bytes, 0, bytes.length);
        assert.ok(isResult(result), `${result}`);
        if (result === QuicHelloState.COMPLETE) assert.equal(reader.hello.serverName, 'a.example');
        assert.ok(connectionIdOf(bytes, 0, bytes.length, 8).length < 256);
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
  });

  it('sealed by one who knows how, with broken frames (fuzz)', () => {
    fc.assert(
      fc.property(edits(FRAME.length), (changes) => {
        reader.reset();
        const bytes = sealInitial({ frames: edited(FRAME, changes) });
        assert.ok(isResult(reader.add(bytes, 0, bytes.length)));
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
  });
});

it('a hello in any pieces and any order is read the same', () => {
  const cut = fc.uniqueArray(fc.integer({ min: 1, max: MESSAGE.length - 1 }), { maxLength: 8 });
  fc.assert(
    fc.property(cut, fc.infiniteStream(fc.nat()), (cuts, order) => {
      const ends = [...cuts, MESSAGE.length].sort((a, b) => a - b);
      const frames = ends.map((end, index) =>
        cryptoFrame(ends[index - 1] ?? 0, MESSAGE.subarray(ends[index - 1] ?? 0, end)),
      );
      const shuffled = frames.map((frame) => ({ frame, at: order.next().value as number })).sort((a, b) => a.at - b.at);
      reader.reset();
      const results = shuffled.map(({ frame }, number) => {
        const bytes = sealInitial({ frames: frame, number });
        return reader.add(bytes, 0, bytes.length);
      });
      assert.deepEqual(results.slice(0, -1), results.slice(0, -1).fill(QuicHelloState.NEED_MORE));
      assert.equal(results.at(-1), QuicHelloState.COMPLETE);
      assert.deepEqual([reader.hello.serverName, reader.hello.alpnProtocols()], ['a.example', ['h3']]);
    }),
    { numRuns: 50 },
  );
});
