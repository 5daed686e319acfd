// A value that is a path or the PEM itself: the reference reads what exists as a path, and takes anything else as content.
// Reads regular files only, of a bounded size, and tells which path it looked at, so that changes of it can be watched.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CertificateError } from './certificate-error.ts';

/** A bundle of all public authorities has a quarter of a MiB. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** Of Linux. */
const PATH_CHARACTERS_MAX = 4_096;

/** A key without its PEM frame: not even its text as a path may be shown or watched. */
const BARE_BASE64 = /^[A-Za-z0-9+][A-Za-z0-9+/=]{59,}$/;

/** The absolute path that a value stands for; undefined when it can only be content. */
export function pathOf(value: string, workingDirectory: string): string | undefined {
  if (value.length >= PATH_CHARACTERS_MAX || /-----BEGIN|[\n\r\0]/.test(value) || BARE_BASE64.test(value))
    return undefined;
  return resolve(workingDirectory, value);
}

/** @throws CertificateError when it is neither a file that can be read nor PEM */
export async function readFileOrContent(value: string, workingDirectory: string): Promise<string> {
  const path = pathOf(value, workingDirectory);
  return path === undefined ? value : await readBounded(path, value);
}

async function readBounded(path: string, value: string): Promise<string> {
  // A pipe would keep us waiting; with O_NONBLOCK it opens at once, and is refused below.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ENAMETOOLONG') {
      throw new CertificateError(`is neither PEM nor a file that exists: ${value}`);
    }
    throw new CertificateError(`cannot be read (${error.code ?? 'unknown reason'}): ${value}`);
  });
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new CertificateError(`is not a regular file: ${value}`);
    if (status.size > FILE_BYTES_MAX) throw new CertificateError(`is a file of more than 4 MiB: ${value}`);
    return await file.readFile('latin1');
  } finally {
    await file.close();
  }
}
