// The password of a health check that is in a file (`healthCheck.passwordFile`): the one place that knows what such a file may be.

import { readFileSync, statSync } from 'node:fs';

const PASSWORD_BYTES_MAX = 4096;

/**
 * What the file holds, without the line break at its end. A pipe or a device is refused: it could keep the caller waiting for ever.
 * @throws Error with the reason, in which there is nothing of what it holds
 */
export function readPassword(path: string): string {
  const found = statSync(path);
  if (!found.isFile()) throw new Error('it is no file');
  if (found.size > PASSWORD_BYTES_MAX) throw new Error(`it has more than ${PASSWORD_BYTES_MAX} bytes`);
  return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
}
