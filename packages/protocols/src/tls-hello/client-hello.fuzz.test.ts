// Properties and fuzzing of the ClientHello parser: what a writer puts in comes out, no split and no cutting into records
// changes a result, hostile bytes never make it throw, hang or look outside their range. FUZZ_SECONDS sets the time.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fuzzBudgetMs } from '../http1/test-support.ts';
import { ClientHello } from './client-hello.ts';
import { parseClientHello } from './client-hello-parser.ts';
import { HelloError } from './hello-error.ts';
import { HELLO_INPUT_BYTES_MAX } from './hello-records.ts';
import {
  alpnExtension,
  facts,
  guardedBytes,
  helloMessage,
  inRecords,
  listExtension,
  parse,
  serverNameExtension,
  versionsExtension,
} from './test-support.ts';

const SEED = helloMessage({
  sessionId: Buffer.alloc(8, 3),
  extensions: [
    serverNameExtension('some.example.com'),
    listExtension(10, 29, 23),
    listExtension(13, 0x0403, 0x0804),
    alpnExtension('h2', 'http/1.1'),
    versionsExtension(0x0304, 0x0303),
    [35, Buffer.alloc(4)],
    [41, Buffer.alloc(6)],
  ],
});

const hello = new ClientHello();

/** Every prefix needs more bytes or gives what the whole gives. */
function checkPrefixes(whole: Buffer): number {
  const expected = parse(whole, hello).result;
  assert.ok(expected >= HelloError.PRE_SHARED_KEY_NOT_LAST && expected <= whole.length);
  if (expected > 0) checkRanges();
  const stride = whole.length > 2_000 ? 97 : 1;
  for (let length = 0; length < whole.length; length += stride) {
    const { result } = parse(whole.subarray(0, length), hello);
    if (expected > 0 && length < expected) assert.equal(result, 0, `${length} of ${whole.toString('hex')}`);
    else assert.ok(result === 0 || result === expected, `${length} of ${whole.toString('hex')}: ${result}`);
  }
  return expected;
}

function checkRanges(): void {
  const { messageStart, messageEnd, body } = hello;
  assert.ok(messageStart >= 0 && messageEnd <= body.length);
  for (const [offset, length] of [
    [hello.serverNameOffset, hello.serverNameLength],
    [hello.alpnOffset, hello.alpnLength],
  ]) {
    if (length > 0) assert.ok(offset > messageStart && offset + length <= messageEnd);
  }
  assert.match(hello.serverName, /^([a-z0-9_:-]+(\.[a-z0-9_:-]+)*)?$/);
  assert.ok(hello.alpnProtocols().every((name) => name.length > 0 && name.length < 256));
}

const NAME = fc
  .array(fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 1, maxLength: 20 }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((labels) => labels.join('.'));
const PROTOCOLS = fc.array(fc.string({ unit: fc.constantFrom(...'h2/1.x'), minLength: 1, maxLength: 30 }), {
  minLength: 1,
  maxLength: 8,
});

describe('a written hello', () => {
  it('is read back, in records of any size', () => {
    fc.assert(
      fc.property(NAME, PROTOCOLS, fc.integer({ min: 2, max: 400 }), (name, protocols, recordBytes) => {
        const message = helloMessage({ extensions: [alpnExtension(...protocols), serverNameExtension(name)] });
        const bytes = inRecords(message, recordBytes);
        const { result } = parse(bytes, hello);
        assert.equal(result, bytes.length);
        assert.deepEqual([hello.serverName, hello.alpnProtocols()], [name.toLowerCase(), protocols]);
        for (const protocol of protocols) assert.ok(hello.offersAlpn(Buffer.from(protocol)));
      }),
    );
  });

  it('gives the same for every split into two reads', () => {
    for (const recordBytes of [1, 7, 64, 2 ** 14]) {
      if (SEED.length / recordBytes > 256) continue;
      const bytes = inRecords(SEED, recordBytes);
      assert.equal(checkPrefixes(bytes), bytes.length);
    }
  });
});

const EDITS = fc.array(fc.tuple(fc.nat(SEED.length + 20), fc.nat(3), fc.uint8Array({ maxLength: 3 })), {
  minLength: 1,
  maxLength: 4,
});

function edited(bytes: Buffer, edits: readonly (readonly [number, number, Uint8Array])[]): Buffer {
  return edits.reduce<Buffer>(
    (before, [at, removed, inserted]) =>
      Buffer.concat([before.subarray(0, at), inserted, before.subarray(at + removed)]),
    bytes,
  );
}

describe('hostile bytes', () => {
  it('a hello with ranges replaced, in one record or several (fuzz)', () => {
    fc.assert(
      fc.property(EDITS, fc.boolean(), fc.integer({ min: 3, max: 400 }), (edits, insideMessage, recordBytes) => {
        if (insideMessage) checkPrefixes(inRecords(edited(SEED, edits), recordBytes));
        else checkPrefixes(edited(inRecords(SEED, recordBytes), edits));
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
  });

  it('single bytes changed, so that lengths lie: cutting into records never changes what is read (fuzz)', () => {
    const change = fc.tuple(fc.nat(SEED.length - 1), fc.nat(255));
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 3, max: 200 }),
        (changes, recordBytes) => {
          const message = Buffer.from(SEED);
          for (const [at, value] of changes) message[at] = value;
          // Length and type of the message decide about records; here they stay.
          SEED.copy(message, 0, 0, 4);
          const whole = parse(inRecords(message));
          const cut = parse(inRecords(message, recordBytes), hello);
          if (whole.result > 0) {
            accepted++;
            assert.deepEqual(facts(cut.hello), facts(whole.hello));
          } else assert.equal(cut.result, whole.result);
        },
      ),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
    assert.ok(accepted > 0, 'some changes stay valid');
  });

  it('whatever comes, it is decided within the bound (fuzz)', () => {
    const record = fc.tuple(fc.integer({ min: 1, max: 64 }), fc.nat(255)).map(([length, fill]) => {
      return Buffer.concat([Buffer.of(0x16, 3, 1, 0, length), Buffer.alloc(length, fill)]);
    });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 40 }), fc.nat(4), (records, declared) => {
        // A long hello that is announced and never comes to an end.
        const start = inRecords(Buffer.from([1, 0, 0x3f - declared, 0xff]));
        const bytes = Buffer.concat([start, ...records]);
        const repeated = Buffer.concat(
          Array.from({ length: Math.ceil(HELLO_INPUT_BYTES_MAX / bytes.length) }, () => bytes),
        );
        const { bytes: all, start: from } = guardedBytes(repeated);
        assert.notEqual(parseClientHello(hello, all, from, from + HELLO_INPUT_BYTES_MAX), 0);
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
  });
});
