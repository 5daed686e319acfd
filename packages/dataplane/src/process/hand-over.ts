// Sends a worker's listening descriptors to the mailbox of the next supervisor. The worker keeps its own copies and goes on
// accepting, so no connection is refused at any moment.

import { sendDescriptors } from '@sluice/native';
import type { HandOverMail, WorkerBootstrap } from './worker-protocol.ts';

/** Well below what one mail may carry, in descriptors and in bytes of names. */
const DESCRIPTORS_PER_MAIL = 64;

/**
 * @returns the entry point of each descriptor sent, in order.
 * @throws Error with a `code` when the mailbox cannot be reached; some mails may have been sent by then.
 */
export function handOver(bootstrap: WorkerBootstrap, pid: number, mailbox: string): string[] {
  const { listeners, slot } = bootstrap;
  for (let from = 0; from < listeners.length; from += DESCRIPTORS_PER_MAIL) {
    const some = listeners.slice(from, from + DESCRIPTORS_PER_MAIL);
    const mail: HandOverMail = { pid, slot, entryPoints: some.map((listener) => listener.entryPoint) };
    sendDescriptors(
      mailbox,
      Buffer.from(JSON.stringify(mail)),
      some.map((listener) => listener.descriptor),
    );
  }
  return listeners.map((listener) => listener.entryPoint);
}
