// Takes the mails of the supervisor out of a worker's mailbox: sealed memory of new snapshots, of TLS material, or both together.
// A mail of another shape is dropped with its descriptors.

import { closeDescriptor, type Mail } from '@sluice/native';

/** The descriptors are the receiver's to close. */
export interface WorkerMail {
  readonly snapshot?: { readonly revision: number; readonly descriptor: number };
  /** With a snapshot: what it needs, and comes into force with it. */
  readonly tls?: { readonly number: number; readonly descriptor: number };
}

/** @returns everything that is there, oldest first. */
export function takeWorkerMails(mailbox: { take(): Mail | undefined }): WorkerMail[] {
  const mails: WorkerMail[] = [];
  for (let mail = mailbox.take(); mail !== undefined; mail = mailbox.take()) {
    const read = readMail(mail);
    if (read !== undefined) mails.push(read);
    else for (const unused of mail.descriptors) closeDescriptor(unused);
  }
  return mails;
}

/** Descriptors come in the order of the fields: snapshot, TLS material. */
function readMail({ payload, descriptors }: Mail): WorkerMail | undefined {
  const { revision, tls } = fieldsOf(payload);
  const hasSnapshot = isCount(revision);
  const hasTls = isCount(tls);
  if (descriptors.length === 0 || descriptors.length !== Number(hasSnapshot) + Number(hasTls)) return undefined;
  return {
    ...(hasSnapshot ? { snapshot: { revision, descriptor: descriptors[0]! } } : {}),
    ...(hasTls ? { tls: { number: tls, descriptor: descriptors.at(-1)! } } : {}),
  };
}

function fieldsOf(payload: Buffer): { readonly revision?: unknown; readonly tls?: unknown } {
  try {
    return Object(JSON.parse(payload.toString('utf8')));
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
