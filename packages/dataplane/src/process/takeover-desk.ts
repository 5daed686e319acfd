// Answers the next supervisor on a worker's control socket. Only a worker without supervisor hands anything over or leaves
// on request: while one is alive it alone decides.

import { dirname } from 'node:path';
import { requireDrainTimes } from './worker-bootstrap.ts';
import type { DrainTimes, TakeoverReply } from './worker-protocol.ts';

export interface TakeoverDeskOptions {
  readonly slot: number;
  readonly runtimeDirectory: string;
  readonly isSupervised: () => boolean;
  /** @returns the entry points of what was sent. @throws Error when the mailbox cannot be reached. */
  readonly handOver: (mailbox: string) => string[];
  readonly drain: (times: DrainTimes) => void;
}

export class TakeoverDesk {
  private readonly options: TakeoverDeskOptions;

  constructor(options: TakeoverDeskOptions) {
    this.options = options;
  }

  answer(request: Readonly<Record<string, unknown>>): TakeoverReply {
    if (this.options.isSupervised()) return refused('this worker has a living supervisor');
    try {
      if (request.type === 'hand-over') return this.handOver(request.mailbox);
      if (request.type === 'drain') return this.drain(request);
    } catch (error) {
      return refused(error instanceof Error ? error.message : String(error));
    }
    return refused(`unknown request ${JSON.stringify(request.type)}; hand-over and drain are accepted`);
  }

  private handOver(mailbox: unknown): TakeoverReply {
    const { runtimeDirectory, slot } = this.options;
    if (typeof mailbox !== 'string' || dirname(mailbox) !== runtimeDirectory) {
      return refused(`the mailbox must be a file in ${runtimeDirectory}`);
    }
    return { type: 'handed-over', slot, listeners: this.options.handOver(mailbox) };
  }

  private drain(request: Readonly<Record<string, unknown>>): TakeoverReply {
    const times = requireDrainTimes(request);
    // A worker without connections leaves on the spot: the answer goes first.
    setImmediate(() => this.options.drain(times));
    return { type: 'draining' };
  }
}

function refused(reason: string): TakeoverReply {
  return { type: 'refused', reason };
}
