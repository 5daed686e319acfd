// Turns a predicate into instructions: each tests one thing and names the next instruction for true and for false.
// Jumps only go forward, so a program ends after at most as many steps as it has instructions.

import type { ClientNetwork } from '../match/client-network.ts';
import type { Predicate, RequestTest } from '../match/predicate.ts';
import { ACCEPT, Operation, RECORD_WORDS, REJECT, Section } from './layout.ts';
import type { StringPool } from './string-pool.ts';
import { WordList } from './word-list.ts';

export const INSTRUCTION_WORDS = RECORD_WORDS[Section.CODE]!;
const TRUE_WORD = 3;
const FALSE_WORD = 4;

/** A place to jump to; `uses` are the words to fill in once it is known. */
interface Label {
  readonly uses: number[];
}

/** Networks are kept apart from programs and, like strings, known by numbers that never change. */
export class NetworkPool {
  readonly words = new WordList(64);
  private readonly numbers = new Map<string, number>();

  intern({ address, bits }: ClientNetwork): number {
    const key = `${address.join()}/${bits}`;
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.numbers.size;
      this.numbers.set(key, number);
      this.words.pushAll(new Uint32Array(address.slice().buffer));
      this.words.push(bits);
    }
    return number;
  }
}

/** The instructions of a predicate; jump targets count from the program's first instruction. */
export function writeProgram(predicate: Predicate, strings: StringPool, networks: NetworkPool): Uint32Array {
  return new ProgramWriter(strings, networks).write(predicate);
}

class ProgramWriter {
  private readonly code = new WordList(16);
  private readonly strings: StringPool;
  private readonly networks: NetworkPool;

  constructor(strings: StringPool, networks: NetworkPool) {
    this.strings = strings;
    this.networks = networks;
  }

  write(predicate: Predicate): Uint32Array {
    const accept: Label = { uses: [] };
    const reject: Label = { uses: [] };
    this.emit(predicate, accept, reject);
    this.place(accept, ACCEPT);
    this.place(reject, REJECT);
    return this.code.view().slice();
  }

  private emit(predicate: Predicate, whenTrue: Label, whenFalse: Label): void {
    switch (predicate.type) {
      case 'test':
        this.emitTest(predicate.test, whenTrue, whenFalse);
        return;
      case 'not':
        this.emit(predicate.node, whenFalse, whenTrue);
        return;
      case 'and':
      case 'or':
        this.emitSequence(predicate.nodes, predicate.type === 'and', whenTrue, whenFalse);
    }
  }

  private emitSequence(nodes: readonly Predicate[], isAnd: boolean, whenTrue: Label, whenFalse: Label): void {
    nodes.forEach((node, index) => {
      if (index === nodes.length - 1) {
        this.emit(node, whenTrue, whenFalse);
        return;
      }
      const next: Label = { uses: [] };
      if (isAnd) this.emit(node, next, whenFalse);
      else this.emit(node, whenTrue, next);
      this.place(next, this.code.length / INSTRUCTION_WORDS);
    });
  }

  private place(label: Label, target: number): void {
    for (const word of label.uses) this.code.set(word, target);
  }

  private emitTest(test: RequestTest, whenTrue: Label, whenFalse: Label): void {
    const start = this.code.length;
    this.code.pushAll(this.instruction(test));
    this.code.pushAll([0, 0]);
    (test.kind === 'never' ? whenFalse : whenTrue).uses.push(start + TRUE_WORD);
    whenFalse.uses.push(start + FALSE_WORD);
  }

  private instruction(test: RequestTest): readonly [operation: number, first: number, second: number] {
    switch (test.kind) {
      case 'always':
      case 'never':
        return [Operation.ALWAYS, 0, 0];
      case 'host':
        if (!test.value.startsWith('*')) return [Operation.HOST, this.strings.intern(test.value), 0];
        return [Operation.HOST_WILDCARD, this.strings.intern(test.value.slice(1)), 0];
      case 'host-regexp':
        return [Operation.HOST_REGEXP, this.strings.intern(test.source), 0];
      case 'path':
        return [Operation.PATH, this.strings.intern(test.value), 0];
      case 'path-prefix':
        return [Operation.PATH_PREFIX, this.strings.intern(test.value), 0];
      case 'path-regexp':
        return [Operation.PATH_REGEXP, this.strings.intern(test.source), 0];
      case 'method':
        return [Operation.METHOD, this.strings.intern(test.value), 0];
      case 'header':
        return [Operation.HEADER, this.strings.intern(test.name), this.strings.intern(test.value)];
      case 'header-regexp':
        return [Operation.HEADER_REGEXP, this.strings.intern(test.name), this.strings.intern(test.source)];
      case 'query':
        return [Operation.QUERY, this.strings.intern(test.key), this.strings.intern(test.value)];
      case 'query-regexp':
        return [Operation.QUERY_REGEXP, this.strings.intern(test.key), this.strings.intern(test.source)];
      case 'client':
        return [Operation.CLIENT, this.networks.intern(test.network), 0];
      case 'server-name-regexp':
        return [Operation.SERVER_NAME_REGEXP, this.strings.intern(test.source), 0];
      case 'alpn':
        return [Operation.ALPN, this.strings.intern(test.protocol), 0];
    }
  }
}
