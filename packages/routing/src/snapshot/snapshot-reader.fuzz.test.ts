// Damaged snapshots: opening, verifying, reading and matching end soon, and end with a value or a SnapshotError.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { fuzzRounds } from '../../test/support/fuzz-duration.ts';
import { planOf, streamPlanOf } from '../../test/support/test-plan.ts';
import { requestView } from '../../test/support/test-request.ts';
import { connectionView } from '../../test/support/test-streams.ts';
import type { RequestView } from '../match/request-view.ts';
import { HEADER_WORDS, HeaderWord, SECTION_COUNT, SECTION_ENTRY_WORDS } from './layout.ts';
import { SnapshotError } from './snapshot-error.ts';
import { SnapshotMatcher } from './snapshot-matcher.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { startVerification } from './snapshot-verification.ts';
import { writeSnapshot } from './snapshot-writer.ts';

const TABLE_END = (HEADER_WORDS + SECTION_COUNT * SECTION_ENTRY_WORDS) * 4;
const ROUND_MS_MAX = 30_000;

const RULES = [
  'Host(`a.com`) && PathPrefix(`/api`) && Method(`GET`)',
  'Host(`*.a.com`) || Path(`/x`)',
  'Host(`a.com`) && (Path(`/é`) || PathPrefix(`/漢`))',
  'HostRegexp(`^[a-z]+$`) && Query(`k`, `v`)',
  'PathRegexp(`^/(a|b)+$`) && Header(`X-K`, `v`)',
  'HeaderRegexp(`X-K`, `v`) || QueryRegexp(`k`, `v`)',
  'ClientIP(`192.0.2.0/25`) && !Path(`/no`)',
  'PathPrefix(`/`)',
];
const REQUESTS: readonly RequestView[] = [
  // A damaged snapshot may ask for any header.
  { ...requestView({ host: 'a.com', path: '/api/x', query: 'k=v' }), headerValues: () => ['v'] },
  { ...requestView({ host: 'x.a.com.', path: '/x' }), headerValues: () => [''] },
  { ...requestView({ path: '/aab' }), headerValues: () => [] },
];

const CONNECTION = connectionView({ serverName: 'b', alpn: ['h2'] });

function original(): Uint8Array {
  const streams = streamPlanOf([
    { name: 'plain', rule: 'HostSNI(`*`)' },
    { name: 'tls', rule: 'HostSNI(`a.com`) || HostSNIRegexp(`^b`) && ALPN(`h2`)', matchIndex: 1 },
    { name: 'udp', rule: 'ClientIP(`192.0.2.0/25`)', matchIndex: 2 },
  ]);
  const http = planOf(RULES.map((rule, index) => ({ name: `r${index}@file`, rule, matchIndex: index < 6 ? 0 : 3 })));
  return writeSnapshot({ ...streams, routers: http.routers });
}

/** Does everything a process may do with a snapshot; only SnapshotError may come out. */
function exercise(bytes: Uint8Array): void {
  let reader: SnapshotReader;
  try {
    reader = SnapshotReader.open(bytes);
  } catch (error) {
    assert.ok(error instanceof SnapshotError, String(error));
    return;
  }
  const matcher = new SnapshotMatcher(reader);
  const attempts: (() => unknown)[] = [
    () => verifyInSteps(reader),
    () => reader.entryPointIndex('web'),
    () => reader.entryPoint(0),
    () => matcher.match(reader.securedIndex(0), REQUESTS[0]!),
    () => reader.entryPointTls(0),
    () => reader.entryPointTls(1),
    () => matcher.matchTcp(reader.tcpTables(0).plainIndex, CONNECTION),
    () => matcher.matchTcp(reader.tcpTables(0).tlsIndex, CONNECTION),
    () => matcher.matchUdp(reader.udpIndex(0), CONNECTION),
    () => reader.tcpRouter(1),
    () => reader.isTcpCatchAll(0),
    () => reader.tcpMiddleware(0),
    () => reader.tcpService(0),
    () => reader.tcpService(1),
    () => reader.tcpService(2),
    () => reader.tcpTransport(0),
    () => reader.udpRouter(0),
    () => reader.udpService(0),
    () => reader.middleware(0),
    () => reader.service(0),
    () => reader.serversTransport(0),
    ...RULES.map((_, index) => () => reader.router(index)),
  ];
  for (const request of REQUESTS)
    attempts.push(
      () => matcher.match(0, request),
      () => matcher.match(1, request),
      () => matcher.match(3, request),
    );
  for (const attempt of attempts) {
    try {
      attempt();
    } catch (error) {
      assert.ok(error instanceof SnapshotError, (error as Error).stack);
    }
  }
}

function verifyInSteps(reader: SnapshotReader): void {
  const verification = startVerification(reader);
  for (let steps = 0; !verification.step(100); steps++) assert.ok(steps < 100_000);
}

/** Makes the header's own checksum right again, so that damage in the section table gets past it. */
function resealHeader(bytes: Uint8Array): void {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  header.writeUInt32LE(0, HeaderWord.HEADER_CRC * 4);
  header.writeUInt32LE(crc32(header.subarray(0, TABLE_END)), HeaderWord.HEADER_CRC * 4);
}

describe('damaged snapshots', () => {
  it('with flipped bytes, words and a resealed header', () => {
    const source = original();
    const damage = fc.array(fc.tuple(fc.nat(source.length / 4 - 1), fc.oneof(fc.nat(64), fc.integer())), {
      minLength: 1,
      maxLength: 8,
    });
    const property = fc.property(damage, fc.boolean(), (changes, reseal) => {
      const bytes = source.slice();
      const words = new Uint32Array(bytes.buffer);
      for (const [word, value] of changes) words[word] = value;
      if (reseal) resealHeader(bytes);
      exercise(bytes);
    });
    fuzzRounds((seed) => {
      const start = performance.now();
      fc.assert(property, { seed, numRuns: 200 });
      assert.ok(performance.now() - start < ROUND_MS_MAX, 'a damaged snapshot takes too long');
    });
  });

  it('cut short at every length', () => {
    const source = original();
    for (let length = 0; length < source.length; length += length < TABLE_END + 64 ? 1 : 61) {
      const cut = source.slice(0, length);
      assert.throws(() => SnapshotReader.open(cut), SnapshotError);
    }
  });

  it('that are random bytes', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 2000 }), (noise) => {
      exercise(noise);
      const bytes = original().slice();
      bytes.set(noise.subarray(0, bytes.length - TABLE_END), TABLE_END);
      exercise(bytes);
    });
    fc.assert(property, { seed: 1, numRuns: 200 });
  });

  it('are noticed by verification, whatever byte is changed', () => {
    const source = original();
    const reader = SnapshotReader.open(source);
    for (const { offsetBytes, lengthBytes } of reader.sections) {
      if (lengthBytes === 0) continue;
      const bytes = source.slice();
      bytes[offsetBytes + lengthBytes - 1]! ^= 1;
      assert.throws(() => verifyInSteps(SnapshotReader.open(bytes)), SnapshotError);
    }
    assert.equal(startVerification(reader).step(1 << 20), true);
  });
});
