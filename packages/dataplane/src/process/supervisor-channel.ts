// The worker's end of the IPC channel: checks what comes in, and knows whether the supervisor is still there.
// Sending into a broken channel is no error: a worker outlives its supervisor.

import { requireDrainTimes } from './worker-bootstrap.ts';
import type { SupervisorMessage, WorkerMessage } from './worker-protocol.ts';

/** The part of `process` that is used. */
export interface IpcEnd {
  readonly connected: boolean;
  send?(message: unknown, handle?: undefined, options?: undefined, callback?: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

export interface SupervisorChannelOptions {
  readonly onMessage: (message: SupervisorMessage) => void;
  /** A message that this version does not know. */
  readonly onUnknown: (reason: string) => void;
  /** The supervisor is gone. Called once. */
  readonly onLost: () => void;
}

export class SupervisorChannel {
  private readonly end: IpcEnd;

  constructor(end: IpcEnd, options: SupervisorChannelOptions) {
    this.end = end;
    end.on('message', (message) => {
      try {
        options.onMessage(parseMessage(message));
      } catch (error) {
        options.onUnknown(error instanceof Error ? error.message : String(error));
      }
    });
    end.on('disconnect', options.onLost);
  }

  /** Whether a supervisor holds the other end. */
  get supervised(): boolean {
    return this.end.connected;
  }

  /** `sent` is called when it is on its way or cannot be any more. */
  send(message: WorkerMessage, sent: () => void = () => {}): void {
    if (!this.end.connected || this.end.send === undefined) {
      sent();
      return;
    }
    this.end.send(message, undefined, undefined, () => sent());
  }
}

function parseMessage(message: unknown): SupervisorMessage {
  if (typeof message !== 'object' || message === null) throw new Error('a message that is no object');
  const fields = message as Record<string, unknown>;
  switch (fields.type) {
    case 'publish':
      if (!Number.isSafeInteger(fields.revision)) throw new Error('publish without a revision');
      return { type: 'publish', revision: Number(fields.revision) };
    case 'publish-tls':
      if (!Number.isSafeInteger(fields.number)) throw new Error('publish-tls without a number');
      return { type: 'publish-tls', number: Number(fields.number) };
    case 'drain':
    case 'drain-datagrams':
      return { type: fields.type, ...requireDrainTimes(fields) };
    case 'leave-now':
      return { type: 'leave-now' };
    case 'reopen-access-log':
      return { type: 'reopen-access-log' };
    default:
      throw new Error(`a message of the unknown type ${JSON.stringify(fields.type)}`);
  }
}
