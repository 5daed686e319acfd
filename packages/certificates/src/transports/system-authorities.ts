// The authorities that the system trusts: what SSL_CERT_FILE names, else the bundle of the distribution, else those that Node brings.

import { rootCertificates } from 'node:tls';
import type { KeyPairLoader } from '../load/key-pair-loader.ts';

export const SYSTEM_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

export interface SystemAuthorities {
  /** PEM. Empty when the file that SSL_CERT_FILE names cannot be used: nothing else is trusted in its place. */
  readonly pem: string;
  /** What a watcher has to watch. */
  readonly path: string;
  readonly problem: string | undefined;
}

/** @param bundle of the distribution; it may be missing */
export async function systemAuthorities(
  loader: KeyPairLoader,
  environment: Readonly<Record<string, string | undefined>>,
  bundle: string = SYSTEM_BUNDLE,
): Promise<SystemAuthorities> {
  const named = environment.SSL_CERT_FILE || undefined;
  const path = loader.pathOf(named ?? bundle) ?? bundle;
  const { value, problem } = await loader.loadAuthorities(path);
  if (value !== undefined) return { pem: value, path, problem: problem && `the authorities of the system: ${problem}` };
  if (named === undefined) return { pem: rootCertificates.join('\n'), path, problem: undefined };
  return { pem: '', path, problem: `SSL_CERT_FILE ${problem}; no server is trusted because of it` };
}
