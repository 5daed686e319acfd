// Sends open descriptors (listening sockets, sealed snapshots) to a process that is not our child, through a socket file.
// Carries them with a short payload and keeps no order between senders; says nothing about what the payload means.
// Every failure is an Error with an errno name as `code`.

import { lstatSync, rmSync } from 'node:fs';
import { loadAddon } from './addon.ts';
import { closeDescriptor } from './descriptor.ts';

interface MailboxAddon {
  bindMailbox(path: string): number;
  takeMail(descriptor: number): Mail | undefined;
  sendDescriptors(path: string, payload: Uint8Array, descriptors: readonly number[]): void;
}

const addon = loadAddon<MailboxAddon>();

export const MAIL_PAYLOAD_MAX_BYTES = 32 * 1024;
export const MAIL_DESCRIPTORS_MAX = 128;

export interface Mail {
  readonly payload: Buffer;
  /** Close-on-exec; the receiver's to close. */
  readonly descriptors: readonly number[];
}

/**
 * Opens a mailbox at a new socket file with mode 0600, replacing one whose owner is gone. Other users cannot send to it,
 * root excepted; mail of a sender with another user id, should the mode be changed, is dropped unread.
 *
 * @param path up to 107 bytes.
 * @throws EADDRINUSE when a live socket or another kind of file is there; ENAMETOOLONG, ENOENT, EACCES, EROFS, EMFILE.
 */
export function openMailbox(path: string): Mailbox {
  return new Mailbox(path, addon.bindMailbox(path));
}

/**
 * Puts one mail into the mailbox at `path` and returns; ours stay open and may be closed right after. Never waits.
 *
 * @param path a file, or `@name` for an abstract socket (as a service manager's NOTIFY_SOCKET may be).
 * @param payload up to MAIL_PAYLOAD_MAX_BYTES. @param descriptors up to MAIL_DESCRIPTORS_MAX.
 * @throws EAGAIN when the mailbox is full (10 mails, `net.unix.max_dgram_qlen`): send again when the owner had time to
 *   take some. ENOENT or ECONNREFUSED when nobody is there; EACCES, EBADF, EMSGSIZE, EINVAL; ETOOMANYREFS
 *   when this user has more descriptors on their way than one process may have open (not for root).
 */
export function sendDescriptors(path: string, payload: Uint8Array, descriptors: readonly number[]): void {
  addon.sendDescriptors(path, payload, descriptors);
}

export class Mailbox {
  readonly path: string;
  /** Becomes readable when mail arrives. Owned by the mailbox; -1 once closed. */
  descriptor: number;
  private readonly file: string;

  /** Use `openMailbox`. */
  constructor(path: string, descriptor: number) {
    this.path = path;
    this.descriptor = descriptor;
    this.file = fileIdentity(path);
  }

  /**
   * The oldest mail, or undefined when there is none now. Never waits.
   *
   * @throws EMSGSIZE or EMFILE when a mail had more than a mail may have, or this process had no room for its
   *   descriptors: that mail is lost and all its descriptors are closed, the next ones are not affected. EBADF when closed.
   */
  take(): Mail | undefined {
    if (this.descriptor < 0) throw Object.assign(new Error(`mailbox ${this.path} is closed`), { code: 'EBADF' });
    return addon.takeMail(this.descriptor);
  }

  /** Closes it, with the mail still inside, and removes the file unless somebody has replaced it. Again: nothing happens. */
  close(): void {
    if (this.descriptor < 0) return;
    const { descriptor } = this;
    this.descriptor = -1;
    // Removed first: a sender then finds nobody rather than a file that refuses.
    try {
      if (this.file !== '' && fileIdentity(this.path) === this.file) rmSync(this.path, { force: true });
    } finally {
      closeDescriptor(descriptor);
    }
  }
}

/** Empty when there is no such file. */
function fileIdentity(path: string): string {
  const file = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return file === undefined ? '' : `${file.dev}:${file.ino}`;
}
