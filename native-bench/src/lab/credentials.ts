// The certificate of a run, the same for every proxy: made when the run starts, gone with its folder. Self-signed; clients of
// the benchmark verify nothing.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issue } from '../../../test/support/issued-certificates.ts';
import { LOOPBACK } from './free-port.ts';

/** As programs that cannot choose the server name tell one: the address counts as a name. */
const NAMES = ['bench.example', '*.bench.example', LOOPBACK];

/** For reports. */
export const KEY_SENTENCE = 'one self-signed certificate with an ECDSA P-256 key';

/** Absolute paths of PEM files. */
export interface Credentials {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Certificate and key in one. */
  readonly bundleFile: string;
}

export function credentialsIn(folder: string): Credentials {
  const file = (name: string) => join(folder, name);
  return { certificateFile: file('site.crt'), keyFile: file('site.key'), bundleFile: file('site.pem') };
}

/** The folder must exist. */
export function makeCredentials(folder: string): Credentials {
  const credentials = credentialsIn(folder);
  const { chain, key } = issue({ type: 'ec', names: NAMES, usage: 'server' });
  const write = (file: string, text: string) => writeFileSync(file, text, { mode: 0o600 });
  write(credentials.certificateFile, chain);
  write(credentials.keyFile, key);
  write(credentials.bundleFile, `${chain}${key}`);
  return credentials;
}
