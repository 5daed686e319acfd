// Builds the tables that lead from a request's host and path to the routers worth trying.
//
// A bucket holds what is filed under one host (or wildcard, or no host) of one match index: lists of routers by exact
// path, by path prefix, and for any path. Routers are added in ascending order, so every list is sorted. Works on
// numbers only (see encoded-keys.ts), because it runs over all routers at every change.

import { ANY_PATH, KEY_WORDS, KeyWord } from './encoded-keys.ts';
import { hashKey } from './hashing.ts';
import { BucketKind, PathKind } from './layout.ts';
import { PairTable } from './pair-table.ts';
import { WordList } from './word-list.ts';

const BUCKET_WORDS = 4;
const Bucket = { MATCH_INDEX: 0, KIND: 1, HOST: 2, EXACT_MAX: 3 } as const;
const LIST_WORDS = 7;
const List = { BUCKET: 0, KIND: 1, PATH: 2, PATH_HASH: 3, UNITS: 4, COUNT: 5, LAST: 6 } as const;

/** Rules, and so their paths, are shorter. */
const UNITS_LIMIT = 2 ** 17;

export interface WrittenIndex {
  readonly hostSlots: Uint32Array;
  readonly buckets: Uint32Array;
  readonly prefixLengths: Uint32Array;
  readonly pathSlots: Uint32Array;
  readonly pathEntries: Uint32Array;
  readonly candidates: Uint32Array;
  /** For each match index its bucket without host + 1, or 0. */
  readonly hostlessBuckets: readonly number[];
}

export class IndexWriter {
  private readonly buckets = new WordList();
  private readonly lists = new WordList();
  /** List and candidate, in the order added. */
  private readonly filed = new WordList();
  private readonly bucketNumbers = new PairTable();
  private readonly listNumbers = new PairTable();
  private readonly hostHashes = new WordList();
  private hostlessBuckets: number[] = [];
  /** Bucket and length as one number. */
  private readonly prefixLengths = new Set<number>();
  private readonly pathEntries = new WordList();
  private readonly pathHashes = new WordList();
  private readonly bucketRecords = new WordList();
  private hostSlots = new Uint32Array(0);
  private pathSlots = new Uint32Array(0);
  private candidates = new Uint32Array(0);

  /** Forgets the index before; what `finish` returned is overwritten by what comes. */
  start(matchIndices: number): void {
    for (const list of [this.buckets, this.lists, this.filed, this.hostHashes]) list.reset();
    for (const list of [this.pathEntries, this.pathHashes, this.bucketRecords]) list.reset();
    this.bucketNumbers.reset();
    this.listNumbers.reset();
    this.prefixLengths.clear();
    this.hostlessBuckets = new Array(matchIndices).fill(0);
  }

  /** Call with ascending router numbers; `keys` as made by `encodeKeys`. */
  add(router: number, matchIndex: number, keys: Uint32Array): void {
    for (let at = 0; at < keys.length; at += KEY_WORDS) {
      const bucket = this.bucketOf(matchIndex, keys, at);
      this.file(this.listOf(bucket, keys, at), router * 2 + keys[at + KeyWord.COMPLETE]!);
    }
  }

  private bucketOf(matchIndex: number, keys: Uint32Array, at: number): number {
    const kind = keys[at + KeyWord.HOST_KIND]!;
    const host = keys[at + KeyWord.HOST]!;
    const known = this.bucketNumbers.size;
    const number = this.bucketNumbers.number(host, matchIndex * 3 + kind);
    if (number < known) return number;
    this.buckets.push(matchIndex);
    this.buckets.push(kind);
    this.buckets.push(host);
    this.buckets.push(0);
    if (kind === BucketKind.HOSTLESS) {
      this.hostlessBuckets[matchIndex] = number + 1;
    } else {
      this.hostHashes.push(hashKey(keys[at + KeyWord.HOST_HASH]!, matchIndex, kind));
      this.hostHashes.push(number + 1);
    }
    return number;
  }

  private listOf(bucket: number, keys: Uint32Array, at: number): number {
    const kind = keys[at + KeyWord.PATH_KIND]!;
    const path = keys[at + KeyWord.PATH]!;
    const known = this.listNumbers.size;
    const number = this.listNumbers.number(bucket * 3 + kind, path);
    if (number < known) return number;
    const units = keys[at + KeyWord.PATH_UNITS]!;
    this.lists.push(bucket);
    this.lists.push(kind);
    this.lists.push(path);
    this.lists.push(keys[at + KeyWord.PATH_HASH]!);
    this.lists.push(units);
    this.lists.push(0);
    this.lists.push(0);
    if (kind === PathKind.PREFIX) this.prefixLengths.add(bucket * UNITS_LIMIT + units);
    const exactMax = bucket * BUCKET_WORDS + Bucket.EXACT_MAX;
    if (kind === PathKind.EXACT) this.buckets.set(exactMax, Math.max(this.buckets.get(exactMax), units + 1));
    return number;
  }

  /** A router filed twice in one list (two alternatives of its rule) counts once. */
  private file(list: number, candidate: number): void {
    const count = list * LIST_WORDS + List.COUNT;
    const last = list * LIST_WORDS + List.LAST;
    const previous = this.lists.get(last);
    if (this.lists.get(count) > 0 && this.filed.get(previous) >>> 1 === candidate >>> 1) {
      this.filed.set(previous, this.filed.get(previous) | (candidate & 1));
      return;
    }
    this.lists.set(count, this.lists.get(count) + 1);
    this.lists.set(last, this.filed.length + 1);
    this.filed.push(list);
    this.filed.push(candidate);
  }

  finish(): WrittenIndex {
    const { candidates, starts } = this.layCandidates();
    const { lengths, ranges } = this.layPrefixLengths();
    const anyLists = new Int32Array(this.bucketNumbers.size).fill(-1);
    const { pathEntries, pathHashes } = this;
    for (let list = 0; list < this.listNumbers.size; list++) {
      const at = list * LIST_WORDS;
      const bucket = this.lists.get(at + List.BUCKET);
      const kind = this.lists.get(at + List.KIND);
      if (kind === ANY_PATH) {
        anyLists[bucket] = list;
        continue;
      }
      pathHashes.push(hashKey(this.lists.get(at + List.PATH_HASH), bucket, kind));
      pathHashes.push(pathEntries.length / 5 + 1);
      pathEntries.push(bucket);
      pathEntries.push(kind);
      pathEntries.push(this.lists.get(at + List.PATH));
      pathEntries.push(starts[list]!);
      pathEntries.push(this.lists.get(at + List.COUNT));
    }
    this.hostSlots = hashTable(this.hostHashes.view(), this.hostSlots);
    this.pathSlots = hashTable(pathHashes.view(), this.pathSlots);
    return {
      hostSlots: this.hostSlots,
      buckets: this.layBuckets(anyLists, starts, ranges),
      prefixLengths: lengths,
      pathSlots: this.pathSlots,
      pathEntries: pathEntries.view(),
      candidates,
      hostlessBuckets: this.hostlessBuckets,
    };
  }

  /** Sorts what was filed by list; within a list the order of adding stays. */
  private layCandidates(): { candidates: Uint32Array; starts: Uint32Array } {
    const starts = new Uint32Array(this.listNumbers.size);
    let total = 0;
    for (let list = 0; list < starts.length; list++) {
      starts[list] = total;
      total += this.lists.get(list * LIST_WORDS + List.COUNT);
    }
    if (this.candidates.length < total) this.candidates = new Uint32Array(total + (total >> 3));
    const candidates = this.candidates.subarray(0, total);
    const next = starts.slice();
    for (let at = 0; at < this.filed.length; at += 2) {
      const list = this.filed.get(at);
      candidates[next[list]!++] = this.filed.get(at + 1);
    }
    return { candidates, starts };
  }

  /** `ranges`: start and count for each bucket. */
  private layPrefixLengths(): { lengths: Uint32Array; ranges: Uint32Array } {
    const ranges = new Uint32Array(this.bucketNumbers.size * 2);
    const keys = Float64Array.from(this.prefixLengths).sort();
    const lengths = new Uint32Array(keys.length);
    keys.forEach((key, index) => {
      const bucket = Math.floor(key / UNITS_LIMIT);
      if (ranges[bucket * 2 + 1] === 0) ranges[bucket * 2] = index;
      ranges[bucket * 2 + 1]!++;
      lengths[index] = key % UNITS_LIMIT;
    });
    return { lengths, ranges };
  }

  private layBuckets(anyLists: Int32Array, starts: Uint32Array, ranges: Uint32Array): Uint32Array {
    const records = this.bucketRecords;
    for (let bucket = 0; bucket < this.bucketNumbers.size; bucket++) {
      const at = bucket * BUCKET_WORDS;
      const any = anyLists[bucket]!;
      records.push(this.buckets.get(at + Bucket.MATCH_INDEX));
      records.push(this.buckets.get(at + Bucket.KIND));
      records.push(this.buckets.get(at + Bucket.HOST));
      records.push(any === -1 ? 0 : starts[any]!);
      records.push(any === -1 ? 0 : this.lists.get(any * LIST_WORDS + List.COUNT));
      records.push(ranges[bucket * 2]!);
      records.push(ranges[bucket * 2 + 1]!);
      records.push(this.buckets.get(at + Bucket.EXACT_MAX));
    }
    return records.view();
  }
}

/** `pairs`: hash and value. Linear probing, at most half full. Takes the memory of `previous` when it has the size. */
function hashTable(pairs: Uint32Array, previous: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  if (pairs.length === 0) return new Uint32Array(0);
  let slots = 2;
  while (slots < pairs.length) slots *= 2;
  const table = previous.length === slots * 2 ? previous.fill(0) : new Uint32Array(slots * 2);
  for (let i = 0; i < pairs.length; i += 2) {
    let slot = pairs[i]! & (slots - 1);
    while (table[slot * 2 + 1] !== 0) slot = (slot + 1) & (slots - 1);
    table[slot * 2] = pairs[i]!;
    table[slot * 2 + 1] = pairs[i + 1]!;
  }
  return table;
}
