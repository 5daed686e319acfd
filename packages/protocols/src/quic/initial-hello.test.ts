import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alpnExtension, helloMessage, serverNameExtension, versionsExtension } from '../tls-hello/test-support.ts';
import { INITIAL_PACKETS_MAX, InitialHello, QuicHelloState } from './initial-hello.ts';
import { initialKeys } from './initial-keys.ts';
import { QuicError, quicErrorMessage } from './quic-error.ts';
import { QuicVersion } from './quic-header.ts';
import { cryptoFrame, DCID, type InitialParts, sealInitial, varint } from './test-support.ts';

const EXTENSIONS = [
  serverNameExtension('WWW.Example.com'),
  alpnExtension('h3', 'h3-29'),
  versionsExtension(0x0304),
] as const;
const MESSAGE = helloMessage({ extensions: EXTENSIONS });
/** More than one datagram has room for, as with a key share of a post-quantum group. */
const LONG_MESSAGE = helloMessage({ extensions: [[51, Buffer.alloc(2_000, 7)], ...EXTENSIONS] });
const NAMES = new Map(Object.entries(QuicError).map(([name, code]) => [code as number, name]));

/** States and errors by name. */
function outcomes(reader: InitialHello, ...datagrams: Buffer[]): string[] {
  return datagrams.map((datagram) => {
    const guarded = Buffer.concat([Buffer.of(0xc0, 0, 0, 0, 1), datagram, Buffer.alloc(30, 0xee)]);
    const before = Buffer.from(guarded);
    const result = reader.add(guarded, 5, 5 + datagram.length);
    assert.deepEqual(guarded, before, 'the datagram may have to be sent on');
    return result === QuicHelloState.COMPLETE ? 'COMPLETE' : result === 0 ? 'NEED_MORE' : NAMES.get(result)!;
  });
}

function withFrames(frames: Buffer, parts: InitialParts = {}): Buffer {
  return sealInitial({ frames, ...parts });
}

const WHOLE = withFrames(cryptoFrame(0, MESSAGE));

describe('RFC vectors', () => {
  it('keys of RFC 9001 A.1 and RFC 9369 A.1', () => {
    const hex = (version: number): string[] =>
      Object.values(initialKeys(version, DCID)).map((each) => each.toString('hex'));
    assert.deepEqual(hex(QuicVersion.V1), [
      '1f369613dd76d5467730efcbe3b1a22d',
      'fa044b2f42a3fd3b46fb255c',
      '9f50449e04a0e810283a1e9933adedd2',
    ]);
    assert.deepEqual(hex(QuicVersion.V2), [
      '8b1a0bc121284290a29e0971b5cd045d',
      '91f73e2351d8fa91660e909f',
      '45b95e15235d6f45a6b19cbcb0294ba9',
    ]);
    const server = initialKeys(QuicVersion.V1, DCID, 'server');
    assert.equal(server.key.toString('hex'), 'cf3a5331653c364c88f0f379b6067e37');
  });

  it('the packets of A.2: their beginning and, with it, the tag over all of it', () => {
    const frame = Buffer.from(
      '060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c' +
        '00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006' +
        '001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa4' +
        '7fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305' +
        '0306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ff' +
        'ff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff',
      'hex',
    );
    const v1 = withFrames(frame, { number: 2 });
    assert.equal(v1.length, 1200);
    assert.equal(v1.toString('hex', 0, 32), 'c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11');
    assert.equal(v1.toString('hex', 1184), 'e221af44860018ab0856972e194cd934');
    const v2 = withFrames(frame, { number: 2, version: QuicVersion.V2 });
    assert.equal(v2.toString('hex', 0, 32), 'd76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485');
    for (const packet of [v1, v2]) {
      const reader = new InitialHello();
      assert.deepEqual(outcomes(reader, packet), ['COMPLETE']);
      assert.deepEqual([reader.hello.serverName, reader.hello.alpnProtocols()], ['example.com', ['alpn']]);
      assert.equal(reader.destinationConnectionId, DCID.toString('latin1'));
    }
  });
});

describe('what a client sends', () => {
  it('in one packet', () => {
    for (const version of Object.values(QuicVersion)) {
      for (const numberBytes of [1, 2, 3, 4]) {
        const reader = new InitialHello();
        const sourceId = Buffer.from('client');
        const parts = { version, numberBytes, number: 7, sourceId, token: Buffer.alloc(80, 1) };
        assert.deepEqual(outcomes(reader, withFrames(cryptoFrame(0, MESSAGE), parts)), ['COMPLETE']);
        assert.deepEqual([reader.hello.serverName, reader.hello.alpnProtocols()], ['www.example.com', ['h3', 'h3-29']]);
        assert.deepEqual([reader.version, reader.sourceConnectionId], [version, 'client']);
      }
    }
  });

  it('in pieces, in any order, some twice, between other frames', () => {
    const piece = (from: number, to: number): Buffer => cryptoFrame(from, MESSAGE.subarray(from, to));
    const ack = Buffer.concat([
      Buffer.of(3),
      ...[9, 0, 1, 0, 0, 2, 1, 0, 1, 2, 3].slice(0, 9).map((value) => varint(value)),
    ]);
    const frames = [
      piece(40, 90),
      Buffer.of(1, 0, 0),
      piece(0, 10),
      ack,
      piece(5, 45),
      piece(90, MESSAGE.length),
      piece(20, 30),
    ];
    assert.deepEqual(outcomes(new InitialHello(), withFrames(Buffer.concat(frames))), ['COMPLETE']);
    const reader = new InitialHello();
    const late = frames.map((frame, number) => withFrames(frame, { number }));
    assert.deepEqual(outcomes(reader, ...late), [...Array(5).fill('NEED_MORE'), 'COMPLETE', 'COMPLETE']);
  });

  it('in several datagrams', () => {
    const halves = [0, 1_000, 2_000].map((from, number) =>
      withFrames(cryptoFrame(from, LONG_MESSAGE.subarray(from, from + 1_000)), { number }),
    );
    const reader = new InitialHello();
    assert.deepEqual(outcomes(reader, halves[2]!, halves[0]!, halves[1]!), ['NEED_MORE', 'NEED_MORE', 'COMPLETE']);
    assert.equal(reader.hello.serverName, 'www.example.com');
    reader.reset();
    assert.deepEqual([reader.hello.serverName, reader.version, reader.destinationConnectionId], ['', 0, '']);
    assert.deepEqual(outcomes(reader, withFrames(cryptoFrame(0, MESSAGE), { destinationId: Buffer.alloc(20, 5) })), [
      'COMPLETE',
    ]);
    assert.equal(reader.destinationIdBytes, 20);
  });

  it('in packets of one datagram', () => {
    const half = MESSAGE.length >> 1;
    const first = withFrames(cryptoFrame(0, MESSAGE.subarray(0, half)), { packetBytes: 600 });
    const second = withFrames(cryptoFrame(half, MESSAGE.subarray(half)), { number: 1, packetBytes: 600 });
    assert.deepEqual(outcomes(new InitialHello(), Buffer.concat([first, second])), ['COMPLETE']);
    const zeroRtt = Buffer.from(first);
    zeroRtt[0] = 0xd0;
    // A packet of type 0-RTT has no token: its length of 0 is taken for that of the packet.
    const earlyData = Buffer.concat([zeroRtt.subarray(0, 15), varint(40, 2), Buffer.alloc(40)]);
    assert.deepEqual(outcomes(new InitialHello(), Buffer.concat([earlyData, WHOLE])), ['COMPLETE']);
    assert.deepEqual(outcomes(new InitialHello(), Buffer.concat([WHOLE, Buffer.alloc(50)])), ['COMPLETE']);
    assert.deepEqual(outcomes(new InitialHello(), Buffer.concat([WHOLE, earlyData])), ['COMPLETE']);
  });
});

describe('what is refused', () => {
  it('headers', () => {
    const changed = (at: number, ...values: number[]): Buffer => {
      const copy = Buffer.from(WHOLE);
      copy.set(values, at);
      return copy;
    };
    const retry = Buffer.concat([Buffer.of(0xf0), WHOLE.subarray(1)]);
    const cases: readonly (readonly [Buffer, string])[] = [
      [Buffer.alloc(0), 'NOT_QUIC'],
      [Buffer.from('GET / HTTP/1.1'), 'NOT_QUIC'],
      [changed(0, WHOLE[0]! & 0x7f), 'NOT_QUIC'],
      [changed(0, WHOLE[0]! & 0xbf), 'NOT_QUIC'],
      [changed(1, 0, 0, 0, 0), 'UNKNOWN_VERSION'],
      [changed(1, 0xff, 0, 0, 29), 'UNKNOWN_VERSION'],
      [retry, 'NOT_INITIAL'],
      [changed(5, 21), 'BAD_CONNECTION_ID'],
      [withFrames(cryptoFrame(0, MESSAGE), { destinationId: Buffer.alloc(7) }), 'BAD_CONNECTION_ID'],
      [changed(5, 255), 'BAD_CONNECTION_ID'],
      [changed(15, 0x7f, 0xff), 'BAD_HEADER'],
      [WHOLE.subarray(0, 5), 'BAD_HEADER'],
      [WHOLE.subarray(0, 1199), 'BAD_HEADER'],
      [withFrames(cryptoFrame(0, MESSAGE), { packetBytes: 1199 }), 'DATAGRAM_TOO_SMALL'],
      [changed(600, WHOLE[600]! ^ 1), 'BAD_PROTECTION'],
      [withFrames(cryptoFrame(0, MESSAGE), { keyId: Buffer.alloc(8) }), 'BAD_PROTECTION'],
    ];
    for (const [bytes, expected] of cases)
      assert.deepEqual(outcomes(new InitialHello(), bytes), [expected], bytes.toString('hex', 0, 20));
    const short = Buffer.concat([WHOLE.subarray(0, 16), varint(19, 2), Buffer.alloc(1200)]);
    assert.deepEqual(outcomes(new InitialHello(), short), ['BAD_PROTECTION']);
  });

  it('frames', () => {
    const bad = (...frames: Buffer[]): string[] => outcomes(new InitialHello(), withFrames(Buffer.concat(frames)));
    for (const type of [0x04, 0x08, 0x1d, 0x1e, 0x3f]) assert.deepEqual(bad(Buffer.of(type)), ['BAD_FRAME'], `${type}`);
    assert.deepEqual(bad(Buffer.of(6), varint(0), varint(5_000)), ['BAD_FRAME']);
    assert.deepEqual(bad(Buffer.of(2), varint(0), varint(0), varint(2 ** 40)), ['BAD_FRAME']);
    assert.deepEqual(bad(cryptoFrame(16_388 - 4, Buffer.alloc(5))), ['HELLO_TOO_LARGE']);
    assert.deepEqual(bad(cryptoFrame(2 ** 40, Buffer.alloc(5))), ['HELLO_TOO_LARGE']);
    assert.deepEqual(bad(cryptoFrame(0, MESSAGE.subarray(0, 50)), cryptoFrame(40, Buffer.alloc(4, 0xaa))), [
      'CONFLICT',
    ]);
    assert.deepEqual(bad(cryptoFrame(0, Buffer.of(2))), ['BAD_HELLO']);
    assert.deepEqual(bad(Buffer.of(0x1c, 0, 0, 2, 1, 1), cryptoFrame(0, MESSAGE)), ['COMPLETE']);
  });

  it('packets of others leave nothing behind', () => {
    const half = (number: number): Buffer =>
      withFrames(cryptoFrame(number * 60, MESSAGE.subarray(number * 60, number === 0 ? 60 : undefined)), { number });
    const forged = withFrames(cryptoFrame(0, Buffer.alloc(90)), { keyId: Buffer.alloc(8) });
    const other = withFrames(cryptoFrame(0, Buffer.alloc(90)), { destinationId: Buffer.alloc(8) });
    const reader = new InitialHello();
    const expected = ['BAD_PROTECTION', 'NEED_MORE', 'OTHER_CONNECTION', 'BAD_PROTECTION', 'COMPLETE'];
    assert.deepEqual(outcomes(reader, forged, half(0), other, forged, half(1)), expected);
  });

  it('a hello that does not come to an end', () => {
    const reader = new InitialHello();
    const datagrams = Array.from({ length: INITIAL_PACKETS_MAX + 1 }, (_, number) =>
      withFrames(cryptoFrame(number, MESSAGE.subarray(number, number + 1)), { number }),
    );
    const last = outcomes(reader, ...datagrams).slice(-2);
    assert.deepEqual(last, ['NEED_MORE', 'TOO_MANY_PACKETS']);
    assert.deepEqual(outcomes(reader, WHOLE), ['TOO_MANY_PACKETS']);
  });
});

it('every error has its sentence', () => {
  const messages = Object.values(QuicError).map(quicErrorMessage);
  assert.equal(new Set(messages).size, messages.length);
  assert.ok(!messages.includes(quicErrorMessage(-99)));
});
