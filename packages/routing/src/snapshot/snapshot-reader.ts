// Reads a snapshot in place. Opening checks the header and where sections lie, in time independent of their size; their
// content is verified by checksum apart from that (snapshot-verification.ts). Every read checks its bounds, so damaged
// content gives a SnapshotError or a wrong answer, never anything outside of the bytes.
// Allocates: a record for each call, strings once. Not for use per request, except by SnapshotMatcher through `words`.

import { crc32 } from 'node:zlib';
import { parseServerUrl } from '../plan/server-url.ts';
import type { EntryPointTls } from '../tls/entry-point-tls.ts';
import {
  HEADER_WORDS,
  HeaderWord,
  LAYOUT_VERSION,
  MAGIC_HIGH,
  MAGIC_LOW,
  RECORD_WORDS,
  SECTION_COUNT,
  SECTION_ENTRY_WORDS,
  Section,
  SectionWord,
  STRATEGIES,
} from './layout.ts';
import type {
  EntryPointRecord,
  MiddlewareRecord,
  RouterRecord,
  ServerRecord,
  ServersTransportRecord,
  ServiceRecord,
  SnapshotTables,
} from './records.ts';
import { SnapshotError } from './snapshot-error.ts';

const TABLE_END_BYTES = (HEADER_WORDS + SECTION_COUNT * SECTION_ENTRY_WORDS) * 4;

export interface SectionRange {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly crc: number;
}

export class SnapshotReader implements SnapshotTables {
  readonly revision: number;
  readonly routerCount: number;
  readonly entryPointCount: number;
  readonly middlewareCount: number;
  readonly serviceCount: number;
  readonly serversTransportCount: number;
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly sections: readonly SectionRange[];
  private readonly strings: (string | undefined)[] = [];
  private entryPointNames: ReadonlyMap<string, number> | undefined;

  /**
   * `bytes` may be longer than the snapshot and must not change while the reader is in use. Bytes that do not start at
   * a multiple of 4 are copied.
   * @throws SnapshotError
   */
  static open(bytes: Uint8Array): SnapshotReader {
    return new SnapshotReader(bytes);
  }

  private constructor(input: Uint8Array) {
    const bytes = input.byteOffset % 4 === 0 ? input : new Uint8Array(input);
    if (bytes.byteLength < TABLE_END_BYTES) throw new SnapshotError('shorter than the header of a snapshot');
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
    checkHeader(this.bytes, this.words);
    this.revision = this.words[HeaderWord.REVISION_HIGH]! * 2 ** 32 + this.words[HeaderWord.REVISION_LOW]!;
    this.sections = readSectionTable(this.words, this.words[HeaderWord.TOTAL_BYTES]!);
    this.routerCount = this.recordCount(Section.ROUTERS);
    this.entryPointCount = this.recordCount(Section.ENTRY_POINTS);
    this.middlewareCount = this.recordCount(Section.MIDDLEWARES);
    this.serviceCount = this.recordCount(Section.SERVICES);
    this.serversTransportCount = this.recordCount(Section.TRANSPORTS);
  }

  entryPointIndex(name: string): number {
    if (this.entryPointNames === undefined) {
      const names = new Map<string, number>();
      for (let i = 0; i < this.entryPointCount; i++)
        names.set(this.string(this.words[this.record(Section.ENTRY_POINTS, i)]!), i);
      this.entryPointNames = names;
    }
    return this.entryPointNames.get(name) ?? -1;
  }

  entryPoint(index: number): EntryPointRecord {
    const at = this.record(Section.ENTRY_POINTS, index);
    return { index, name: this.stringAt(at), configurationJson: this.stringAt(at + 1) };
  }

  securedIndex(entryPoint: number): number {
    return this.words[this.record(Section.ENTRY_POINTS, entryPoint) + 2]! - 1;
  }

  entryPointTls(entryPoint: number): EntryPointTls {
    const at = this.record(Section.ENTRY_POINTS, entryPoint);
    const count = this.words[at + 4]!;
    const first = this.recordRange(Section.TLS_HOSTS, this.words[at + 3]!, count);
    const hosts: [string, string | null][] = [];
    for (let word = first; word < first + count * 2; word += 2) {
      hosts.push([this.stringAt(word), this.optionsAt(word + 1)]);
    }
    return { hosts: Object.fromEntries(hosts), fallback: this.optionsAt(at + 5) };
  }

  router(index: number): RouterRecord {
    const at = this.record(Section.ROUTERS, index);
    const words = this.words;
    const [first, count] = [words[at + 4]!, words[at + 5]!];
    const lists = this.recordRange(Section.MIDDLEWARE_LISTS, first, count);
    return {
      index,
      name: this.stringAt(at),
      rule: this.stringAt(at + 1),
      priority: BigInt.asIntN(64, (BigInt(words[at + 3]!) << 32n) | BigInt(words[at + 2]!)),
      middlewares: Array.from(words.subarray(lists, lists + count)),
      service: words[at + 6]!,
      deniedEncodedCharacters: words[at + 7]!,
      observedSignals: words[at + 10]!,
      tlsOptions: this.stringAt(at + 11),
    };
  }

  middleware(index: number): MiddlewareRecord {
    const at = this.record(Section.MIDDLEWARES, index);
    return { index, name: this.stringAt(at), type: this.stringAt(at + 1), optionsJson: this.stringAt(at + 2) };
  }

  service(index: number): ServiceRecord {
    const at = this.record(Section.SERVICES, index);
    const words = this.words;
    const strategy = STRATEGIES[words[at + 1]!];
    if (strategy === undefined) throw new SnapshotError(`service ${index} has an unknown strategy`);
    const count = words[at + 5]!;
    const first = this.recordRange(Section.SERVERS, words[at + 4]!, count);
    const servers: ServerRecord[] = [];
    for (let i = 0; i < count; i++) servers.push(this.server(first + i * RECORD_WORDS[Section.SERVERS]!));
    return {
      index,
      name: this.stringAt(at),
      strategy,
      passHostHeader: words[at + 2] !== 0,
      serversTransport: words[at + 3]!,
      servers,
      hash: this.stringAt(at + 6),
    };
  }

  serversTransport(index: number): ServersTransportRecord {
    const at = this.record(Section.TRANSPORTS, index);
    return {
      index,
      name: this.stringAt(at),
      hash: this.stringAt(at + 1),
      maxIdleConnsPerHost: this.words[at + 2]! | 0,
      maxConnsPerServer: this.words[at + 3]!,
      maxQueuedPerServer: this.words[at + 4]!,
      dialTimeoutMs: this.float(at + 6),
      responseHeaderTimeoutMs: this.float(at + 8),
      idleConnTimeoutMs: this.float(at + 10),
      queueTimeoutMs: this.float(at + 12),
      readIdleTimeoutMs: this.float(at + 14),
      pingTimeoutMs: this.float(at + 16),
      disableHttp2: this.words[at + 5] !== 0,
    };
  }

  /** A string by its number; kept after the first call. @throws SnapshotError */
  string(number: number): string {
    const known = this.strings[number];
    if (known !== undefined) return known;
    const at = this.record(Section.STRING_INDEX, number);
    const offset = this.words[at]!;
    const units = this.words[at + 1]! >>> 1;
    const wide = (this.words[at + 1]! & 1) !== 0;
    const section = this.sections[Section.STRING_BYTES]!;
    const length = wide ? units * 2 : units;
    if (offset + length > section.lengthBytes) throw new SnapshotError(`string ${number} lies outside of its section`);
    const start = section.offsetBytes + offset;
    const text = this.bytes.toString(wide ? 'utf16le' : 'latin1', start, start + length);
    this.strings[number] = text;
    return text;
  }

  recordCount(section: number): number {
    const words = RECORD_WORDS[section]!;
    const { lengthBytes } = this.sections[section]!;
    return words === 0 ? lengthBytes : lengthBytes / (words * 4);
  }

  /** First word of a record. @throws SnapshotError when there is no such record. */
  private record(section: number, index: number): number {
    return this.recordRange(section, index, 1);
  }

  private recordRange(section: number, index: number, count: number): number {
    if (!(index >= 0 && index + count <= this.recordCount(section))) {
      throw new SnapshotError(`record ${index} of section ${section} does not exist`);
    }
    return this.sections[section]!.offsetBytes / 4 + index * RECORD_WORDS[section]!;
  }

  private server(at: number): ServerRecord {
    const url = this.stringAt(at);
    const address = parseServerUrl(url);
    if (address === undefined) throw new SnapshotError('a server has no usable URL');
    const words = this.words;
    return {
      url,
      ...address,
      weight: this.float(at + 1),
      preservePath: words[at + 3] !== 0,
      statusRow: words[at + 4]!,
    };
  }

  private stringAt(word: number): string {
    return this.string(this.words[word]!);
  }

  /** Name of an option set, or null. */
  private optionsAt(word: number): string | null {
    const number = this.words[word]!;
    return number === 0 ? null : this.string(number - 1);
  }

  private float(word: number): number {
    return this.bytes.readDoubleLE(word * 4);
  }
}

function checkHeader(bytes: Buffer, words: Uint32Array): void {
  if (words[HeaderWord.MAGIC_LOW] !== MAGIC_LOW || words[HeaderWord.MAGIC_HIGH] !== MAGIC_HIGH) {
    throw new SnapshotError('not a snapshot');
  }
  const version = words[HeaderWord.VERSION];
  if (version !== LAYOUT_VERSION) {
    throw new SnapshotError(`snapshot layout version ${version}; this program reads version ${LAYOUT_VERSION}`);
  }
  const header = Buffer.from(bytes.subarray(0, TABLE_END_BYTES));
  const expected = words[HeaderWord.HEADER_CRC];
  header.writeUInt32LE(0, HeaderWord.HEADER_CRC * 4);
  if (crc32(header) !== expected || words[HeaderWord.SECTION_COUNT] !== SECTION_COUNT) {
    throw new SnapshotError('the header of the snapshot is damaged');
  }
  if (words[HeaderWord.TOTAL_BYTES]! > bytes.byteLength) throw new SnapshotError('the snapshot is cut short');
}

function readSectionTable(words: Uint32Array, totalBytes: number): SectionRange[] {
  const sections: SectionRange[] = [];
  let end = TABLE_END_BYTES;
  for (let number = 0; number < SECTION_COUNT; number++) {
    const entry = HEADER_WORDS + number * SECTION_ENTRY_WORDS;
    const offsetBytes = words[entry + SectionWord.OFFSET_BYTES]!;
    const lengthBytes = words[entry + SectionWord.LENGTH_BYTES]!;
    const recordBytes = Math.max(1, RECORD_WORDS[number]! * 4);
    if (offsetBytes % 8 !== 0 || offsetBytes < end || offsetBytes + lengthBytes > totalBytes) {
      throw new SnapshotError(`section ${number} lies outside of the snapshot`);
    }
    if (lengthBytes % recordBytes !== 0) throw new SnapshotError(`section ${number} ends inside of a record`);
    sections.push({ offsetBytes, lengthBytes, crc: words[entry + SectionWord.CRC]! });
    end = offsetBytes + lengthBytes;
  }
  return sections;
}
