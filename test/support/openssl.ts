// The openssl command of the system, for tests that need certificates, or a client and a judge that are not ours.

import { execFileSync } from 'node:child_process';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';

/** @throws Error in one sentence when it is missing and cannot be installed. */
export function requireOpenssl(say: (line: string) => void = () => {}): void {
  requireTools([{ command: 'openssl', debianPackage: 'openssl' }], say);
}

/** What it prints. Its complaints are in the error when it fails. */
export function openssl(...args: readonly string[]): string {
  return execFileSync(findTool('openssl')!, args, { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] });
}
