// Reads a snapshot in place; what lies where in its bytes is in layout.ts. Sections' content is verified by checksum apart from
// that (snapshot-verification.ts).
// Allocates: a record for each call, strings once. Not for use per request, except by SnapshotMatcher through `words`.

import { parseServerUrl } from '../plan/server-url.ts';
import type { EntryPointTls } from '../tls/entry-point-tls.ts';
import { RECORD_WORDS, Section, STRATEGIES } from './layout.ts';
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
import { StreamReader } from './stream-reader.ts';

export class SnapshotReader extends StreamReader implements SnapshotTables {
  readonly entryPointCount: number;
  readonly middlewareCount: number;
  readonly serviceCount: number;
  readonly serversTransportCount: number;
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
    super(input);
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
    const at = this.routerRecord(index, 0, this.routerCount);
    const words = this.words;
    return {
      index,
      name: this.stringAt(at),
      rule: this.stringAt(at + 1),
      priority: this.priorityAt(at),
      middlewares: this.middlewareList(at),
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

  /** Name of an option set, or null. */
  private optionsAt(word: number): string | null {
    const number = this.words[word]!;
    return number === 0 ? null : this.string(number - 1);
  }
}
