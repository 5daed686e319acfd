// Where what must outlive a restart is kept: the generated default certificate. Decides a path, and makes nothing.

import { dirname, isAbsolute, join, resolve } from 'node:path';

export const STATE_DIRECTORY_VARIABLE = 'SLUICE_STATE_DIR';

/**
 * `$SLUICE_STATE_DIR`, else the first folder in `$STATE_DIRECTORY` (StateDirectory= of systemd), else the one that the instances'
 * runtime directories are in: ours alone, and gone with the next boot at the worst.
 * @param runtimeDirectory of the instance
 */
export function tlsStateFolder(env: NodeJS.ProcessEnv, runtimeDirectory: string): string {
  const own = env[STATE_DIRECTORY_VARIABLE];
  if (own) return join(resolve(own), 'tls');
  const given = env.STATE_DIRECTORY?.split(':')[0];
  return join(given && isAbsolute(given) ? given : dirname(runtimeDirectory), 'tls');
}
