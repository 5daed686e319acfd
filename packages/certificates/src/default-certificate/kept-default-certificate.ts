// The generated default certificate, made once and kept in a folder: the same one is shown by every process, after every change
// of the configuration, and after a restart. Made anew when it is about to expire or cannot be read.

import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CertificateError } from '../load/certificate-error.ts';
import { type KeyPair, parseKeyPair } from '../load/parse-key-pair.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';

/** Certificate and key in one file, so that they always fit each other. */
export const DEFAULT_CERTIFICATE_FILE = 'default-certificate.pem';

/** A process that runs longer than this without a change of its configuration shows an expired one; nobody trusts it anyway. */
const RENEW_BEFORE_MS = 30 * 86_400_000;

export interface KeptDefaultCertificate {
  readonly pair: KeyPair;
  /** False when the folder cannot be written: the next process will show another one. Why, as a sentence. */
  readonly problem: string | undefined;
}

/**
 * Processes that begin at the same time with an empty folder agree on one.
 * @param folder made with mode 0700 when it does not exist; the file in it has mode 0600
 */
export async function keptDefaultCertificate(folder: string, nowMs: number): Promise<KeptDefaultCertificate> {
  const path = join(folder, DEFAULT_CERTIFICATE_FILE);
  const found = await freshPair(path, nowMs);
  if (found !== undefined) return { pair: found, problem: undefined };
  const { certificatePem, keyPem } = await createSelfSignedCertificate(nowMs);
  const made = parseKeyPair(certificatePem, keyPem.reveal());
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return { pair: await keep(made, certificatePem + keyPem.reveal(), path, nowMs), problem: undefined };
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    return { pair: made, problem: `the generated default certificate cannot be kept in ${folder} (${code})` };
  }
}

/** Undefined when it is not there, others may read it, it is about to expire, or it is no certificate with its key. */
async function freshPair(path: string, nowMs: number): Promise<KeyPair | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      if (((await file.stat()).mode & 0o077) !== 0) return undefined;
      const text = await file.readFile('latin1');
      const pair = parseKeyPair(text, text);
      return nowMs >= pair.notBefore && nowMs < pair.notAfter - RENEW_BEFORE_MS ? pair : undefined;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof CertificateError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
}

/** A link never replaces a file, so of several processes the first one wins; only a file that is of no use is replaced. */
async function keep(made: KeyPair, text: string, path: string, nowMs: number): Promise<KeyPair> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeSecret(temporary, text);
    await link(temporary, path);
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const theirs = await freshPair(path, nowMs);
    if (theirs !== undefined) return theirs;
    await rename(temporary, path);
    return made;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeSecret(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
