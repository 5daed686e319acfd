// Takes the mails of new snapshots out of a worker's mailbox. A mail of another shape is dropped with its descriptors.

import { closeDescriptor, type Mail } from '@sluice/native';

export interface SnapshotInMail {
  readonly revision: number;
  /** The receiver's to close. */
  readonly descriptor: number;
}

/** @returns everything that is there, oldest first. */
export function takeSnapshotMails(mailbox: { take(): Mail | undefined }): SnapshotInMail[] {
  const snapshots: SnapshotInMail[] = [];
  for (let mail = mailbox.take(); mail !== undefined; mail = mailbox.take()) {
    const revision = revisionOf(mail.payload);
    const [descriptor] = mail.descriptors;
    if (revision === undefined || descriptor === undefined || mail.descriptors.length !== 1) {
      for (const unused of mail.descriptors) closeDescriptor(unused);
      continue;
    }
    snapshots.push({ revision, descriptor });
  }
  return snapshots;
}

function revisionOf(payload: Buffer): number | undefined {
  try {
    const { revision } = JSON.parse(payload.toString('utf8')) as { revision?: unknown };
    return Number.isSafeInteger(revision) ? Number(revision) : undefined;
  } catch {
    return undefined;
  }
}
