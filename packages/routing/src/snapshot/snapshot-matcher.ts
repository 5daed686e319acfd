// Finds the router of a request, a connection or a session in a snapshot: the hottest function of routing.
// Allocates nothing for rules of hosts, paths and methods; strings and regular expressions of other rules are made once
// per snapshot, on first use. Every loop is bounded by the size of the snapshot and by a budget, whatever the bytes say.

import { ConnectionRequest } from '../match/connection-request.ts';
import type { ConnectionMatcher, ConnectionView } from '../match/connection-view.ts';
import type { Matcher, RequestView } from '../match/request-view.ts';
import { hashKey, hashUnit, TEXT_HASH_START } from './hashing.ts';
import { BucketKind, PathKind, Section } from './layout.ts';
import { ProgramRunner } from './program-runner.ts';
import { SnapshotError } from './snapshot-error.ts';
import type { SnapshotReader } from './snapshot-reader.ts';

const NO_ROUTER = 0x80000000;
const DOT = 0x2e;
/** Candidates and instructions of one match; only damaged bytes or absurd configurations get there. */
const STEPS_MAX = 1 << 26;

export class SnapshotMatcher implements Matcher, ConnectionMatcher {
  private readonly words: Uint32Array;
  private readonly runner: ProgramRunner;
  private readonly matchIndices: number;
  private readonly matchIndexCount: number;
  private readonly hostSlots: number;
  private readonly hostSlotCount: number;
  private readonly buckets: number;
  private readonly bucketCount: number;
  private readonly prefixLengths: number;
  private readonly prefixLengthCount: number;
  private readonly pathSlots: number;
  private readonly pathSlotCount: number;
  private readonly pathEntries: number;
  private readonly pathEntryCount: number;
  private readonly candidates: number;
  private readonly candidateCount: number;
  /** Entry n: hash of the first n units of the current path; valid up to `hashedLength`. */
  private pathHashes = new Uint32Array(256);
  private hashedLength = 0;
  private path = '';
  private best = NO_ROUTER;
  private readonly connection = new ConnectionRequest();
  /** Numbers of the first routers of TCP and UDP. */
  private readonly firstTcp: number;
  private readonly firstUdp: number;

  constructor(reader: SnapshotReader) {
    this.words = reader.words;
    this.firstTcp = reader.routerCount;
    this.firstUdp = reader.routerCount + reader.tcpRouterCount;
    this.runner = new ProgramRunner(reader);
    const base = (section: number) => reader.sections[section]!.offsetBytes / 4;
    this.matchIndices = base(Section.MATCH_INDICES);
    this.matchIndexCount = reader.recordCount(Section.MATCH_INDICES);
    this.hostSlots = base(Section.HOST_SLOTS);
    this.hostSlotCount = reader.recordCount(Section.HOST_SLOTS);
    this.buckets = base(Section.BUCKETS);
    this.bucketCount = reader.recordCount(Section.BUCKETS);
    this.prefixLengths = base(Section.PREFIX_LENGTHS);
    this.prefixLengthCount = reader.recordCount(Section.PREFIX_LENGTHS);
    this.pathSlots = base(Section.PATH_SLOTS);
    this.pathSlotCount = reader.recordCount(Section.PATH_SLOTS);
    this.pathEntries = base(Section.PATH_ENTRIES);
    this.pathEntryCount = reader.recordCount(Section.PATH_ENTRIES);
    this.candidates = base(Section.CANDIDATES);
    this.candidateCount = reader.recordCount(Section.CANDIDATES);
  }

  /** Index of the router, or -1. @throws SnapshotError when the bytes are damaged. */
  match(matchIndex: number, request: RequestView): number {
    if (!(matchIndex >= 0 && matchIndex < this.matchIndexCount)) return -1;
    this.best = NO_ROUTER;
    this.path = request.path;
    this.hashedLength = 0;
    this.pathHashes[0] = TEXT_HASH_START;
    this.runner.start(request, STEPS_MAX);
    if (request.host !== '') this.scanHost(matchIndex, request.host);
    const hostless = this.words[this.matchIndices + matchIndex]!;
    if (hostless !== 0) this.scanBucket(hostless - 1);
    return this.best === NO_ROUTER ? -1 : this.best;
  }

  /** As in ConnectionMatcher. @throws SnapshotError when the bytes are damaged. */
  matchTcp(matchIndex: number, connection: ConnectionView): number {
    const found = this.match(matchIndex, this.connection.of(connection));
    return found === -1 ? -1 : found - this.firstTcp;
  }

  /** As in ConnectionMatcher. @throws SnapshotError when the bytes are damaged. */
  matchUdp(matchIndex: number, session: ConnectionView): number {
    const found = this.match(matchIndex, this.connection.of(session));
    return found === -1 ? -1 : found - this.firstUdp;
  }

  /** The host itself and the wildcard for its first label; each also without a final dot (§4.3). */
  private scanHost(matchIndex: number, host: string): void {
    const last = host.length - 1;
    let hash = TEXT_HASH_START;
    let suffixHash = TEXT_HASH_START;
    let suffixStart = -1;
    let hashBeforeLast = hash;
    let suffixHashBeforeLast = suffixHash;
    for (let i = 0; i <= last; i++) {
      const unit = host.charCodeAt(i);
      hashBeforeLast = hash;
      suffixHashBeforeLast = suffixHash;
      hash = hashUnit(hash, unit);
      if (suffixStart === -1 && unit === DOT) suffixStart = i;
      if (suffixStart !== -1) suffixHash = hashUnit(suffixHash, unit);
    }
    if (suffixStart === -1) suffixStart = last + 1;
    this.scanHostBucket(matchIndex, BucketKind.EXACT, hash, host, 0, last + 1);
    this.scanHostBucket(matchIndex, BucketKind.WILDCARD, suffixHash, host, suffixStart, last + 1);
    if (host.charCodeAt(last) !== DOT) return;
    this.scanHostBucket(matchIndex, BucketKind.EXACT, hashBeforeLast, host, 0, last);
    this.scanHostBucket(matchIndex, BucketKind.WILDCARD, suffixHashBeforeLast, host, suffixStart, last);
  }

  private scanHostBucket(
    matchIndex: number,
    kind: number,
    textHash: number,
    host: string,
    start: number,
    end: number,
  ): void {
    const words = this.words;
    const count = this.hostSlotCount;
    const hash = hashKey(textHash, matchIndex, kind);
    let slot = hash & (count - 1);
    for (let probes = 0; probes < count; probes++) {
      const at = this.hostSlots + slot * 2;
      const value = words[at + 1]!;
      if (value === 0) return;
      if (words[at] === hash && this.bucketIs(value - 1, matchIndex, kind, host, start, end)) {
        this.scanBucket(value - 1);
        return;
      }
      slot = (slot + 1) & (count - 1);
    }
  }

  private bucketIs(
    bucket: number,
    matchIndex: number,
    kind: number,
    host: string,
    start: number,
    end: number,
  ): boolean {
    if (bucket >= this.bucketCount) throw new SnapshotError(`bucket ${bucket} does not exist`);
    const at = this.buckets + bucket * 8;
    const words = this.words;
    return (
      words[at] === matchIndex && words[at + 1] === kind && this.runner.textIs(words[at + 2]!, 0, host, start, end)
    );
  }

  /** Most specific lists first: what they find spares the longer ones. */
  private scanBucket(bucket: number): void {
    if (bucket >= this.bucketCount) throw new SnapshotError(`bucket ${bucket} does not exist`);
    const words = this.words;
    const at = this.buckets + bucket * 8;
    const length = this.path.length;
    if (length < words[at + 7]!) this.scanPath(bucket, PathKind.EXACT, length);
    const first = words[at + 5]!;
    const count = words[at + 6]!;
    if (first + count > this.prefixLengthCount) throw new SnapshotError(`bucket ${bucket} is damaged`);
    for (let i = this.prefixLengths + first + count - 1; i >= this.prefixLengths + first; i--) {
      if (words[i]! <= length) this.scanPath(bucket, PathKind.PREFIX, words[i]!);
    }
    this.scanCandidates(words[at + 3]!, words[at + 4]!);
  }

  /** The list filed under the first `length` units of the path. */
  private scanPath(bucket: number, kind: number, length: number): void {
    if (length > this.hashedLength) this.hashPath(length);
    const words = this.words;
    const count = this.pathSlotCount;
    const hash = hashKey(this.pathHashes[length]!, bucket, kind);
    let slot = hash & (count - 1);
    for (let probes = 0; probes < count; probes++) {
      const at = this.pathSlots + slot * 2;
      const value = words[at + 1]!;
      if (value === 0) return;
      if (words[at] === hash) {
        if (value > this.pathEntryCount) throw new SnapshotError(`path entry ${value - 1} does not exist`);
        const entry = this.pathEntries + (value - 1) * 5;
        const isSame = words[entry] === bucket && words[entry + 1] === kind;
        if (isSame && this.runner.textIs(words[entry + 2]!, 0, this.path, 0, length)) {
          this.scanCandidates(words[entry + 3]!, words[entry + 4]!);
          return;
        }
      }
      slot = (slot + 1) & (count - 1);
    }
  }

  private hashPath(length: number): void {
    if (length >= this.pathHashes.length) {
      const larger = new Uint32Array(Math.max(length + 1, this.pathHashes.length * 2));
      larger.set(this.pathHashes);
      this.pathHashes = larger;
    }
    const hashes = this.pathHashes;
    let hash = hashes[this.hashedLength]! | 0;
    for (let i = this.hashedLength; i < length; i++) {
      hash = hashUnit(hash, this.path.charCodeAt(i));
      hashes[i + 1] = hash;
    }
    this.hashedLength = length;
  }

  /** Candidates ascend: the first match ends the list, and so does reaching the best found so far. */
  private scanCandidates(first: number, count: number): void {
    if (first + count > this.candidateCount) throw new SnapshotError('a list of candidates is damaged');
    const end = this.candidates + first + count;
    for (let at = this.candidates + first; at < end; at++) {
      const candidate = this.words[at]!;
      const router = candidate >>> 1;
      if (router >= this.best) return;
      if (this.runner.matches(router, (candidate & 1) !== 0)) {
        this.best = router;
        return;
      }
    }
  }
}
