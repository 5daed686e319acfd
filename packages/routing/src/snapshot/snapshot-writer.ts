// Writes plans as the bytes of snapshots (see layout.ts). A writer keeps what it has made of rules and services, so the
// next snapshot costs little more than copying numbers; `writeSnapshot` starts afresh and depends on its plan alone.

import type { CompiledRule } from '../plan/compiled-rule.ts';
import type {
  EntryPointPlan,
  MiddlewarePlan,
  RouterPlan,
  ServersTransportPlan,
  ServicePlan,
  SnapshotPlan,
  WriterMemo,
} from '../plan/snapshot-plan.ts';
import type { EntryPointStreams } from '../plan/stream-plan.ts';
import { INSTRUCTION_WORDS, NetworkPool, writeProgram } from './code-writer.ts';
import { encodeKeys } from './encoded-keys.ts';
import { IndexWriter } from './index-writer.ts';
import { EntryPointFlag, SECTION_COUNT, Section, STRATEGIES } from './layout.ts';
import { assembleSnapshot, joinPieces } from './snapshot-assembly.ts';
import { writeStreams } from './stream-writer.ts';
import { StringPool } from './string-pool.ts';
import { WordList } from './word-list.ts';

const INT32_MIN = -0x80000000;
const INT32_MAX = 0x7fffffff;
const SERVER_WORDS = 5;
const TLS_HOST_WORDS = 2;
const STRINGS_KEPT_MIN = 10_000;

const NO_MIDDLEWARES: readonly number[] = [];

/** A router of any protocol: some words mean nothing outside of HTTP. */
type AnyRouter = Pick<RouterPlan, 'memo' | 'matchIndex' | 'name' | 'rule' | 'priority' | 'service'> &
  Partial<Pick<RouterPlan, 'middlewares' | 'deniedEncodedCharacters' | 'observedSignals' | 'tlsOptions'>>;

/** Pure: equal plans give equal bytes. @throws RangeError when the snapshot would have 4 GiB or more. */
export function writeSnapshot(plan: SnapshotPlan): Uint8Array {
  return joinPieces(new SnapshotWriter().write(plan));
}

/** Everything made with the numbers of one string pool; the owner of the memos that hold such numbers. */
class Encodings {
  readonly strings = new StringPool();
  readonly networks = new NetworkPool();
}

interface RuleMemo extends WriterMemo {
  readonly text: number;
  readonly program: Uint32Array;
  readonly keys: Uint32Array;
  /** Where the program lies in the snapshot numbered `snapshot`. */
  snapshot: number;
  start: number;
}

interface RouterMemo extends WriterMemo {
  readonly name: number;
  readonly tlsOptions: number;
}

interface ServiceMemo extends WriterMemo {
  readonly name: number;
  readonly hash: number;
  /** Record after record. */
  readonly servers: Uint32Array;
}

export class SnapshotWriter {
  private encodings = new Encodings();
  /** Strings after the first snapshot with these encodings: what is more is mostly of objects that are gone. */
  private stringsAtStart = 0;
  private snapshots = 0;
  private readonly index = new IndexWriter();
  private readonly routers = new WordList();
  private readonly code = new WordList();
  private readonly lists = new WordList();
  private readonly services = new WordList();
  private readonly servers = new WordList();
  private sections: Uint8Array[] = [];

  /**
   * The snapshot in pieces to be put one behind the other, valid until the next call.
   * @throws RangeError when it would have 4 GiB or more.
   */
  write(plan: SnapshotPlan): Uint8Array[] {
    if (this.stringsAtStart > 0 && this.encodings.strings.size > 2 * this.stringsAtStart + STRINGS_KEPT_MIN) {
      this.encodings = new Encodings();
      this.stringsAtStart = 0;
    }
    this.snapshots++;
    this.sections = new Array(SECTION_COUNT).fill(new Uint8Array(0));
    this.index.start(matchIndices(plan));
    this.writeRouters(plan);
    this.writeIndex(plan);
    this.put(Section.MIDDLEWARES, this.writeMiddlewares(plan.middlewares));
    this.put(Section.TCP_MIDDLEWARES, this.writeMiddlewares(plan.tcpMiddlewares));
    writeStreams(plan, this.encodings, (section, words) => this.put(section, words));
    this.writeServices(plan.services);
    this.put(Section.TRANSPORTS, this.writeTransports(plan.serversTransports));
    const { strings, networks } = this.encodings;
    this.put(Section.NETWORKS, networks.words.view());
    this.put(Section.STRING_INDEX, strings.index.view());
    this.sections[Section.STRING_BYTES] = strings.content();
    if (this.stringsAtStart === 0) this.stringsAtStart = strings.size;
    return assembleSnapshot(this.sections, plan.revision);
  }

  private put(section: number, words: Uint32Array): void {
    this.sections[section] = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  }

  private writeIndex(plan: SnapshotPlan): void {
    const index = this.index.finish();
    this.writeEntryPoints(plan.entryPoints);
    this.put(Section.MATCH_INDICES, Uint32Array.from(index.hostlessBuckets));
    this.put(Section.HOST_SLOTS, index.hostSlots);
    this.put(Section.PATH_SLOTS, index.pathSlots);
    this.put(Section.BUCKETS, index.buckets);
    this.put(Section.PREFIX_LENGTHS, index.prefixLengths);
    this.put(Section.PATH_ENTRIES, index.pathEntries);
    this.put(Section.CANDIDATES, index.candidates);
  }

  /** Those of HTTP, then of TCP, then of UDP: numbers go on. */
  private writeRouters({ routers, tcpRouters, udpRouters }: SnapshotPlan): void {
    const { routers: records, code, lists } = this;
    for (const list of [records, code, lists]) list.reset();
    let number = 0;
    for (const router of routers) this.writeRouter(number++, router);
    for (const router of tcpRouters) this.writeRouter(number++, router);
    for (const router of udpRouters) this.writeRouter(number++, router);
    this.put(Section.ROUTERS, records.view());
    this.put(Section.CODE, code.view());
    this.put(Section.MIDDLEWARE_LISTS, lists.view());
  }

  private writeRouter(number: number, router: AnyRouter): void {
    const { routers: records, lists } = this;
    const { middlewares = NO_MIDDLEWARES, deniedEncodedCharacters = 0, observedSignals = 0 } = router;
    const rule = this.ruleMemo(router.rule);
    this.placeProgram(rule);
    const { name, tlsOptions } = this.routerMemo(router);
    this.index.add(number, router.matchIndex, rule.keys);
    records.push(name);
    records.push(rule.text);
    this.pushPriority(records, router.priority);
    records.push(lists.length);
    records.push(middlewares.length);
    records.push(router.service);
    records.push(deniedEncodedCharacters);
    records.push(rule.start);
    records.push(rule.program.length / INSTRUCTION_WORDS);
    records.push(observedSignals);
    records.push(tlsOptions);
    if (middlewares.length > 0) lists.pushAll(middlewares);
  }

  /** One router on several entry points has one program. */
  private placeProgram(rule: RuleMemo): void {
    if (rule.snapshot === this.snapshots) return;
    rule.snapshot = this.snapshots;
    rule.start = this.code.length / INSTRUCTION_WORDS;
    this.code.pushAll(rule.program);
  }

  private pushPriority(records: WordList, priority: bigint): void {
    const small = Number(priority);
    if (small >= 0 && small <= INT32_MAX) {
      records.push(small);
      records.push(0);
      return;
    }
    records.push(Number(BigInt.asUintN(32, priority)));
    records.push(Number(BigInt.asUintN(32, priority >> 32n)));
  }

  private ruleMemo(rule: CompiledRule): RuleMemo {
    const owner = this.encodings;
    if (rule.memo?.owner === owner) return rule.memo as RuleMemo;
    const memo: RuleMemo = {
      owner,
      text: owner.strings.intern(rule.text),
      program: writeProgram(rule.predicate, owner.strings, owner.networks),
      keys: encodeKeys(rule.keys, owner.strings),
      snapshot: 0,
      start: 0,
    };
    rule.memo = memo;
    return memo;
  }

  private routerMemo(router: AnyRouter): RouterMemo {
    const owner = this.encodings;
    if (router.memo?.owner === owner) return router.memo as RouterMemo;
    const { strings } = owner;
    const memo = { owner, name: strings.intern(router.name), tlsOptions: strings.intern(router.tlsOptions ?? '') };
    router.memo = memo;
    return memo;
  }

  private serviceMemo(service: ServicePlan): ServiceMemo {
    const owner = this.encodings;
    if (service.memo?.owner === owner) return service.memo as ServiceMemo;
    const { strings } = owner;
    const words = new WordList(Math.max(1, service.servers.length * SERVER_WORDS));
    for (const { url, weight, preservePath, statusRow } of service.servers) {
      words.push(strings.intern(url));
      words.pushFloat(weight);
      words.push(preservePath ? 1 : 0);
      words.push(statusRow);
    }
    const servers = words.view().slice();
    const memo: ServiceMemo = {
      owner,
      name: strings.intern(service.name),
      hash: strings.intern(service.hash),
      servers,
    };
    service.memo = memo;
    return memo;
  }

  private writeEntryPoints(entryPoints: readonly EntryPointPlan[]): void {
    const { strings } = this.encodings;
    const records = new WordList(64);
    const hosts = new WordList(64);
    const optionsWord = (name: string | null) => (name === null ? 0 : strings.intern(name) + 1);
    for (const { name, configurationJson, securedIndex, tls, streams } of entryPoints) {
      const first = hosts.length / TLS_HOST_WORDS;
      for (const [host, options] of Object.entries(tls.hosts)) {
        hosts.push(strings.intern(host));
        hosts.push(optionsWord(options));
      }
      const count = hosts.length / TLS_HOST_WORDS - first;
      records.pushAll([strings.intern(name), strings.intern(configurationJson), securedIndex + 1]);
      records.pushAll([first, count, optionsWord(tls.fallback)]);
      records.pushAll([streams.plainIndex + 1, streams.tlsIndex + 1, streams.udpIndex + 1, flagsOf(streams)]);
    }
    this.put(Section.ENTRY_POINTS, records.view());
    this.put(Section.TLS_HOSTS, hosts.view());
  }

  private writeMiddlewares(middlewares: readonly MiddlewarePlan[]): Uint32Array {
    const records = new WordList(Math.max(1, middlewares.length * 3));
    for (const { name, type, optionsJson } of middlewares) {
      for (const text of [name, type, optionsJson]) records.push(this.encodings.strings.intern(text));
    }
    return records.view();
  }

  private writeServices(services: readonly ServicePlan[]): void {
    const { services: records, servers } = this;
    records.reset();
    servers.reset();
    for (const service of services) {
      const memo = this.serviceMemo(service);
      records.push(memo.name);
      records.push(STRATEGIES.indexOf(service.strategy));
      records.push(service.passHostHeader ? 1 : 0);
      records.push(service.serversTransport);
      records.push(servers.length / SERVER_WORDS);
      records.push(service.servers.length);
      records.push(memo.hash);
      records.push(0);
      servers.pushAll(memo.servers);
    }
    this.put(Section.SERVICES, records.view());
    this.put(Section.SERVERS, servers.view());
  }

  private writeTransports(transports: readonly ServersTransportPlan[]): Uint32Array {
    const records = new WordList(64);
    for (const transport of transports) {
      records.push(this.encodings.strings.intern(transport.name));
      records.push(this.encodings.strings.intern(transport.hash));
      records.push(Math.min(INT32_MAX, Math.max(INT32_MIN, transport.maxIdleConnsPerHost)));
      records.push(Math.min(INT32_MAX, transport.maxConnsPerServer));
      records.push(Math.min(INT32_MAX, transport.maxQueuedPerServer));
      records.push(transport.disableHttp2 ? 1 : 0);
      records.pushFloat(transport.dialTimeoutMs);
      records.pushFloat(transport.responseHeaderTimeoutMs);
      records.pushFloat(transport.idleConnTimeoutMs);
      records.pushFloat(transport.queueTimeoutMs);
      records.pushFloat(transport.readIdleTimeoutMs);
      records.pushFloat(transport.pingTimeoutMs);
    }
    return records.view();
  }
}

function matchIndices({ entryPoints }: SnapshotPlan): number {
  const used = entryPoints.flatMap(({ securedIndex, streams: { plainIndex, tlsIndex, udpIndex } }) => [
    securedIndex,
    plainIndex,
    tlsIndex,
    udpIndex,
  ]);
  return used.reduce((count, index) => Math.max(count, index + 1), entryPoints.length);
}

function flagsOf({ hasTlsRoutes, matchesAtOnce, hasHttpsCatchAll }: EntryPointStreams): number {
  let flags = 0;
  if (hasTlsRoutes) flags |= EntryPointFlag.TLS_ROUTES;
  if (matchesAtOnce) flags |= EntryPointFlag.MATCHES_AT_ONCE;
  if (hasHttpsCatchAll) flags |= EntryPointFlag.HTTPS_CATCH_ALL;
  return flags;
}
