// Runs the rule of one router against a request: instruction after instruction, forward only.
// Allocates nothing for tests of host, path and method. Used by SnapshotMatcher alone.

import { fromByteText } from '../match/byte-text.ts';
import { queryHas, queryHasMatching } from '../match/query-pairs.ts';
import type { RequestView } from '../match/request-view.ts';
import { ACCEPT, Operation, RECORD_WORDS, REJECT, Section } from './layout.ts';
import { SnapshotError } from './snapshot-error.ts';
import type { SnapshotReader } from './snapshot-reader.ts';

const DOT = 0x2e;
const ROUTER_WORDS = RECORD_WORDS[Section.ROUTERS]!;

export class ProgramRunner {
  private readonly reader: SnapshotReader;
  private readonly words: Uint32Array;
  private readonly bytes: Buffer;
  private readonly routers: number;
  private readonly routerCount: number;
  private readonly code: number;
  private readonly instructionCount: number;
  private readonly stringIndex: number;
  private readonly stringCount: number;
  private readonly stringBytes: number;
  private readonly stringBytesLength: number;
  private readonly networks: number;
  private readonly networkCount: number;
  private readonly expressions = new Map<number, RegExp>();
  /** Names of application protocols as bytes. */
  private readonly protocols = new Map<number, Uint8Array>();
  private request!: RequestView;
  private stepsLeft = 0;

  constructor(reader: SnapshotReader) {
    this.reader = reader;
    this.words = reader.words;
    this.bytes = reader.bytes;
    const base = (section: number) => reader.sections[section]!.offsetBytes / 4;
    this.routers = base(Section.ROUTERS);
    this.routerCount = reader.recordCount(Section.ROUTERS);
    this.code = base(Section.CODE);
    this.instructionCount = reader.recordCount(Section.CODE);
    this.stringIndex = base(Section.STRING_INDEX);
    this.stringCount = reader.recordCount(Section.STRING_INDEX);
    this.stringBytes = reader.sections[Section.STRING_BYTES]!.offsetBytes;
    this.stringBytesLength = reader.sections[Section.STRING_BYTES]!.lengthBytes;
    this.networks = base(Section.NETWORKS);
    this.networkCount = reader.recordCount(Section.NETWORKS);
  }

  /** The request of the `matches` calls that follow; together they may take `stepsMax` steps. */
  start(request: RequestView, stepsMax: number): void {
    this.request = request;
    this.stepsLeft = stepsMax;
  }

  /** `decided`: the index has already answered the whole rule. @throws SnapshotError */
  matches(router: number, decided: boolean): boolean {
    this.spendStep();
    if (router >= this.routerCount) throw new SnapshotError(`router ${router} does not exist`);
    if (decided) return true;
    const words = this.words;
    const record = this.routers + router * ROUTER_WORDS;
    const start = words[record + 8]!;
    const count = words[record + 9]!;
    if (start + count > this.instructionCount) throw new SnapshotError(`the program of router ${router} is damaged`);
    let next = 0;
    while (next < count) {
      this.spendStep();
      const at = this.code + (start + next) * 5;
      const target = words[this.test(words[at]!, words[at + 1]!, words[at + 2]!) ? at + 3 : at + 4]!;
      if (target === ACCEPT) return true;
      if (target === REJECT) return false;
      if (target <= next) break;
      next = target;
    }
    throw new SnapshotError(`the program of router ${router} is damaged`);
  }

  /** True when the string, less its last `drop` units, is `text` from `start` to `end`. @throws SnapshotError */
  textIs(string: number, drop: number, text: string, start: number, end: number): boolean {
    if (string >= this.stringCount) throw new SnapshotError(`string ${string} does not exist`);
    const words = this.words;
    const entry = this.stringIndex + string * 2;
    const offset = words[entry]!;
    const size = words[entry + 1]!;
    const units = size >>> 1;
    if (units - drop !== end - start) return false;
    const wide = size & 1;
    if (offset + (units << wide) > this.stringBytesLength) throw new SnapshotError(`string ${string} is damaged`);
    let at = this.stringBytes + offset;
    const bytes = this.bytes;
    if (wide === 0) {
      for (let i = start; i < end; i++) if (bytes[at++] !== text.charCodeAt(i)) return false;
      return true;
    }
    for (let i = start; i < end; i++, at += 2) {
      if ((bytes[at]! | (bytes[at + 1]! << 8)) !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  private spendStep(): void {
    if (--this.stepsLeft < 0) throw new SnapshotError('matching takes too many steps');
  }

  private test(operation: number, first: number, second: number): boolean {
    const request = this.request;
    switch (operation) {
      case Operation.ALWAYS:
        return true;
      case Operation.HOST:
        return request.host !== '' && this.hostIs(first, 0);
      case Operation.HOST_WILDCARD:
        return request.host !== '' && this.hostIs(first, firstDot(request.host));
      case Operation.HOST_REGEXP:
        return request.host !== '' && this.expression(first).test(request.host);
      case Operation.PATH:
        return this.textIs(first, 0, request.path, 0, request.path.length);
      case Operation.PATH_PREFIX:
        return this.pathHasPrefix(first);
      case Operation.PATH_REGEXP:
        return this.expression(first).test(request.path);
      case Operation.METHOD:
        return this.textIs(first, 0, request.method, 0, request.method.length);
      default:
        return this.testOther(operation, first, second);
    }
  }

  private testOther(operation: number, first: number, second: number): boolean {
    const { query } = this.request;
    switch (operation) {
      case Operation.HEADER:
        return this.request.headerValues(this.reader.string(first)).includes(this.reader.string(second));
      case Operation.HEADER_REGEXP:
        return this.anyHeaderMatches(first, second);
      case Operation.QUERY:
        return query !== undefined && queryHas(query, this.reader.string(first), this.reader.string(second));
      case Operation.QUERY_REGEXP: {
        if (query === undefined) return false;
        const expression = this.expression(second);
        return queryHasMatching(query, this.reader.string(first), (value) => expression.test(fromByteText(value)));
      }
      case Operation.CLIENT:
        return this.clientIsIn(first);
      case Operation.SERVER_NAME_REGEXP:
        return this.expression(first).test(this.request.host);
      case Operation.ALPN:
        return this.request.offersAlpn?.(this.protocol(first)) === true;
      default:
        throw new SnapshotError(`unknown operation ${operation}`);
    }
  }

  /** The host from `start` on is the string, or differs from it in one final dot (§4.3 steps 7 and 8). */
  private hostIs(string: number, start: number): boolean {
    const { host } = this.request;
    const end = host.length;
    if (this.textIs(string, 0, host, start, end)) return true;
    if (this.lastUnit(string) === DOT && this.textIs(string, 1, host, start, end)) return true;
    return host.charCodeAt(end - 1) === DOT && this.textIs(string, 0, host, Math.min(start, end - 1), end - 1);
  }

  private lastUnit(string: number): number {
    const entry = this.stringIndex + string * 2;
    const size = this.words[entry + 1]!;
    return size < 2 || (size & 1) !== 0 ? -1 : this.bytes[this.stringBytes + this.words[entry]! + (size >>> 1) - 1]!;
  }

  private pathHasPrefix(string: number): boolean {
    if (string >= this.stringCount) throw new SnapshotError(`string ${string} does not exist`);
    const units = this.words[this.stringIndex + string * 2 + 1]! >>> 1;
    const { path } = this.request;
    return units <= path.length && this.textIs(string, 0, path, 0, units);
  }

  private anyHeaderMatches(name: number, source: number): boolean {
    const values = this.request.headerValues(this.reader.string(name));
    if (values.length === 0) return false;
    const expression = this.expression(source);
    for (const value of values) if (expression.test(fromByteText(value))) return true;
    return false;
  }

  private clientIsIn(network: number): boolean {
    if (network >= this.networkCount) throw new SnapshotError(`network ${network} does not exist`);
    const at = this.networks + network * 5;
    const bits = this.words[at + 4]!;
    const address = this.request.clientAddress;
    if (bits > 128 || address.length !== 16) return false;
    const bytes = this.bytes;
    const wholeBytes = bits >>> 3;
    for (let i = 0; i < wholeBytes; i++) if (bytes[at * 4 + i] !== address[i]) return false;
    const rest = bits & 7;
    if (rest === 0) return true;
    return ((bytes[at * 4 + wholeBytes]! ^ address[wholeBytes]!) & (0xff << (8 - rest)) & 0xff) === 0;
  }

  private protocol(name: number): Uint8Array {
    let protocol = this.protocols.get(name);
    if (protocol === undefined) {
      protocol = Buffer.from(this.reader.string(name), 'latin1');
      this.protocols.set(name, protocol);
    }
    return protocol;
  }

  private expression(source: number): RegExp {
    let expression = this.expressions.get(source);
    if (expression === undefined) {
      expression = this.compile(source);
      this.expressions.set(source, expression);
    }
    return expression;
  }

  private compile(source: number): RegExp {
    const text = this.reader.string(source);
    try {
      return new RegExp(text);
    } catch {
      throw new SnapshotError(`string ${source} is not a regular expression`);
    }
  }
}

function firstDot(host: string): number {
  const dot = host.indexOf('.');
  return dot === -1 ? host.length : dot;
}
