// Keys of TLS session tickets, the same for all workers of a node: a client that comes back may be served by any of them. A new one
// every twelve hours; tickets under the last few are still good. Memory only: nothing that was recorded can be read after a restart.

import { randomBytes } from 'node:crypto';
import { TICKET_KEY_BYTES } from '@sluice/native';

/** Where ticket keys come from; several nodes may share one. */
export interface TicketKeySource {
  /** TICKET_KEY_BYTES each; the first one encrypts. At least one. */
  readonly keys: readonly Buffer[];
  /** Called whenever `keys` has changed. One listener. */
  onChange(listener: () => void): void;
  /** No more changes. */
  close(): void;
}

export const ROTATION_MS = 12 * 3_600_000;
const KEPT = 4;

export class RandomTicketKeys implements TicketKeySource {
  keys: readonly Buffer[] = [randomBytes(TICKET_KEY_BYTES)];
  private readonly timer: NodeJS.Timeout;
  private listener: () => void = () => {};

  /** @param rotationMs default: twelve hours */
  constructor(rotationMs: number = ROTATION_MS) {
    this.timer = setInterval(() => this.rotate(), rotationMs).unref();
  }

  onChange(listener: () => void): void {
    this.listener = listener;
  }

  close(): void {
    clearInterval(this.timer);
    this.listener = () => {};
  }

  private rotate(): void {
    this.keys = [randomBytes(TICKET_KEY_BYTES), ...this.keys].slice(0, KEPT);
    this.listener();
  }
}
