// A certificate of a server for tests, signed by itself, and its key: as files that everybody may read, and as PEM.

import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openssl, requireOpenssl } from '../../../../test/support/openssl.ts';

export interface ServerPair {
  readonly cert: string;
  readonly key: string;
  readonly files: { readonly cert: string; readonly key: string };
  remove(): void;
}

export function makeServerPair(name: string): ServerPair {
  requireOpenssl();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pair-'));
  const files = { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') };
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '30'];
  const names = ['-subj', '/CN=server', '-addext', `subjectAltName=DNS:${name}`];
  openssl('req', '-x509', '-nodes', ...kind, '-keyout', files.key, '-out', files.cert, ...names);
  chmodSync(folder, 0o755);
  for (const file of Object.values(files)) chmodSync(file, 0o644);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  return { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8'), files, remove };
}
