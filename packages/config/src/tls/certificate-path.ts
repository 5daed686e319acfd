// What a certificate of a configuration is called where objects have paths. It has no name, and its position in a list says nothing
// once others are added or removed, so it is known by a digest of what it says: not by the text, which may be a key.

import { createHash } from 'node:crypto';
import type { CertificateConfiguration } from '../model/tls-configuration.ts';

const DIGITS = 16;

/** `tls.certificates[<digest>]`; the same for the same files or contents in the same stores. */
export function certificatePath({ certFile, keyFile, stores }: CertificateConfiguration): string {
  const text = JSON.stringify([certFile, keyFile, stores]);
  return `tls.certificates[${createHash('sha256').update(text).digest('hex').slice(0, DIGITS)}]`;
}
