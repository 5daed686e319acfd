// Looks at all clients once in a while for those that are too slow, and ends them. A walk over the table costs a millisecond with
// fifty thousand connections, of which few are busy; events cost nothing more. Runs only where an entry point has such limits.

import { Errors } from '@sluice/errors';
import { DownstreamConnection } from './downstream-connection.ts';
import { monotonicMs } from './monotonic-ms.ts';
import type { WorkerContext } from './worker-context.ts';

export class SlowClients {
  private readonly context: WorkerContext;
  private readonly everyMs: number;
  private timer: NodeJS.Timeout | undefined = undefined;
  private lookedAtMs = 0;

  constructor(context: WorkerContext, everyMs: number) {
    this.context = context;
    this.everyMs = everyMs;
  }

  /** A second call changes nothing. */
  start(): void {
    if (this.timer !== undefined) return;
    this.lookedAtMs = monotonicMs();
    this.timer = setInterval(() => this.look(), this.everyMs).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const { connections, transport } = this.context;
    const now = monotonicMs();
    // A process that stood still itself has nobody to blame.
    const elapsedMs = Math.min(now - this.lookedAtMs, 2 * this.everyMs);
    this.lookedAtMs = now;
    connections.forEach((connection) => {
      if (connection instanceof DownstreamConnection) this.lookAt(connection, elapsedMs);
    });
    transport.flush();
  }

  /** A fault ends that connection only. */
  private lookAt(connection: DownstreamConnection, elapsedMs: number): void {
    try {
      connection.checkPace(elapsedMs);
    } catch (error) {
      const { code, meaning } = Errors.INTERNAL_FAULT;
      this.context.log.error({ err: error, code }, meaning);
      connection.giveUp();
    }
  }
}
