// Makes mailboxes for accepted connections between processes of one node: `StreamTransport.handOver` puts connections in,
// `StreamTransport.listenMailbox` takes them out. What nobody has taken stays in it as long as somebody has the receiving end.

import { loadAddon } from './addon.ts';

interface ConnectionMailboxAddon {
  createConnectionMailbox(): ConnectionMailbox;
}

const addon = loadAddon<ConnectionMailboxAddon>();

/** Two descriptors, close-on-exec, the caller's. */
export interface ConnectionMailbox {
  /** For one process at a time. */
  readonly receive: number;
  /** For any number of processes; some 250 connections find room. */
  readonly send: number;
}

/** @throws Error with `code` EMFILE, ENFILE or ENOMEM. */
export function createConnectionMailbox(): ConnectionMailbox {
  return addon.createConnectionMailbox();
}
