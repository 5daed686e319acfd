// Makes room when the worker keeps too much for its peers: clients whose heads are long and not complete are turned away, the
// longest first, until there is enough. Others pause by themselves, and new ones are not taken meanwhile.

import { DownstreamConnection } from './downstream-connection.ts';
import type { WorkerContext } from './worker-context.ts';

const LOOK_MS = 100;

export class BufferRelief {
  private readonly context: WorkerContext;
  private readonly timer: NodeJS.Timeout;

  constructor(context: WorkerContext) {
    this.context = context;
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const { buffered, connections, transport } = this.context;
    let excess = buffered.excessBytes;
    if (excess === 0) return;
    const holders: DownstreamConnection[] = [];
    connections.forEach((connection) => {
      if (connection instanceof DownstreamConnection && connection.unfinishedHeadBytes > 0) holders.push(connection);
    });
    holders.sort((a, b) => b.unfinishedHeadBytes - a.unfinishedHeadBytes);
    for (const holder of holders) {
      if (excess <= 0) break;
      excess -= holder.unfinishedHeadBytes;
      holder.turnAway();
    }
    transport.flush();
  }
}
