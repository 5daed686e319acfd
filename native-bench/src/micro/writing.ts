// Sending a received head on: which of its lines are kept, and the fields that are added. The transport is one that only
// counts, so that no system call hides the time. Functions of the data path that its package shows to nobody are
// imported from their files.

import type { StreamTransport } from '@sluice/native';
import {
  addedFieldsBytes,
  DEFAULT_HEAD_LIMITS,
  parseRequestHead,
  RequestHead,
  writeAddedFields,
} from '@sluice/protocols';
import { removeHopByHop } from '../../../packages/dataplane/src/http/hop-by-hop.ts';
import { sendKeptLines } from '../../../packages/dataplane/src/http/send-bytes.ts';
import { BROWSER_REQUEST } from './heads.ts';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';

const ARENA_BYTES = 64 * 1024;
const CONNECTION = 1;

/** The members that writing uses. */
class CountingTransport {
  readonly memory: Buffer;
  sentBytes = 0;
  private readonly arenaStart: number;

  constructor(received: Buffer) {
    this.memory = Buffer.alloc(received.length + ARENA_BYTES);
    received.copy(this.memory);
    this.arenaStart = received.length;
  }

  reserve(): number {
    return this.arenaStart;
  }

  send(_connection: number, _offset: number, length: number): void {
    this.sentBytes += length;
  }
}

export const WRITING: MicroGroup = {
  title: 'heads on their way out',
  make: () => [
    kept('kept lines of 15 fields, nothing removed', () => {}),
    kept('kept lines of 15 fields, 3 removed', (head) => {
      for (const index of [2, 7, 12]) head.removeAt(index);
    }),
    hopByHop(),
    added(3),
  ],
};

function prepared(): { head: RequestHead; counter: CountingTransport; transport: StreamTransport } {
  const counter = new CountingTransport(BROWSER_REQUEST);
  const head = new RequestHead(counter.memory);
  parseRequestHead(head, counter.memory, 0, BROWSER_REQUEST.length, DEFAULT_HEAD_LIMITS);
  return { head, counter, transport: counter as unknown as StreamTransport };
}

function kept(name: string, remove: (head: RequestHead) => void): MicroBenchmark {
  const { head, counter, transport } = prepared();
  remove(head);
  const run = () => {
    sendKeptLines(transport, CONNECTION, head, 0);
    return counter.sentBytes;
  };
  return { name, run };
}

function hopByHop(): MicroBenchmark {
  const { head } = prepared();
  const run = () => {
    removeHopByHop(head);
    return head.hasRemoved;
  };
  return { name: 'hop-by-hop fields, none there', run };
}

function added(count: number): MicroBenchmark {
  const { head, counter } = prepared();
  for (let i = 0; i < count; i++) head.add(`X-Forwarded-Thing-${i}`, '192.0.2.17');
  const { memory } = counter;
  const offset = counter.reserve();
  const run = () => addedFieldsBytes(head) + writeAddedFields(head, memory, offset);
  return { name: `${count} added fields, measured and written`, run };
}
