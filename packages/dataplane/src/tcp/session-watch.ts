// Looks at TCP sessions once in a while: has the kernel probe servers of those that last, brings their counts of bytes up to date, lets
// those go on to the next server that try one that is down, and ends those whose server is down where the service says so. On a timer,
// as nothing happens on a connection whose server is silently gone. Allocates nothing per session that has a server.

import { monotonicMs } from '../worker/monotonic-ms.ts';
import type { WorkerContext } from '../worker/worker-context.ts';

const LOOK_MS = 1_000;
/** Every so many looks bytes are counted: two calls into the addon for each session. */
const LOOKS_PER_COUNT = 10;
/** `drain` spreads the ends of connections over so long, so that their clients do not all come back at once. */
const DRAIN_MS = 30_000;

export class SessionWatch {
  private readonly context: WorkerContext;
  private readonly drainMs: number;
  private readonly timer: NodeJS.Timeout;
  private looks = 0;

  /** @param drainMs over which `drain` ends connections to a server that is down */
  constructor(context: WorkerContext, drainMs = DRAIN_MS) {
    this.context = context;
    this.drainMs = drainMs;
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const { sessions } = this.context.tcp;
    if (sessions.size === 0) return;
    const counts = this.context.metrics !== undefined && ++this.looks % LOOKS_PER_COUNT === 0;
    if (counts) sessions.visit((session) => session.count());
    const now = monotonicMs();
    sessions.visit((session) => session.look(now, this.drainMs));
    this.context.transport.flush();
  }
}
