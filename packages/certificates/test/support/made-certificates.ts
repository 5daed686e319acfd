// Certificates for tests, made by openssl in a folder of their own that goes away with the test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openssl, requireOpenssl } from '../../../../test/support/openssl.ts';

export interface MadePair {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Wanted {
  readonly commonName?: string;
  /** As openssl writes them: `DNS:a.example`, `IP:192.0.2.1`. */
  readonly names?: readonly string[];
  /** Arguments of `-newkey`; ECDSA on P-256 by default. */
  readonly key?: readonly string[];
  /** `YYYYMMDDHHMMSSZ`. */
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly extensions?: readonly string[];
}

export const RSA_KEY = ['rsa:2048'] as const;
const P256_KEY = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

export class MadeCertificates {
  readonly folder: string;
  #count = 0;

  constructor(context: TestContext) {
    requireOpenssl();
    this.folder = mkdtempSync(join(tmpdir(), 'sluice-certificates-'));
    context.after(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  make({ commonName, names = [], key = P256_KEY, notBefore, notAfter, extensions = [] }: Wanted): MadePair {
    const number = ++this.#count;
    const pair = { certFile: this.path(`${number}.crt`), keyFile: this.path(`${number}.key`) };
    const subject = commonName === undefined ? '/O=none' : `/CN=${commonName}`;
    const added = [...(names.length > 0 ? [`subjectAltName=${names.join(',')}`] : []), ...extensions];
    const dates = notBefore === undefined || notAfter === undefined ? ['-days', '30'] : undefined;
    const common = ['-subj', subject, ...added.flatMap((each) => ['-addext', each])];
    if (dates !== undefined) {
      openssl(
        'req',
        '-x509',
        '-nodes',
        '-newkey',
        ...key,
        '-keyout',
        pair.keyFile,
        '-out',
        pair.certFile,
        ...dates,
        ...common,
      );
      return pair;
    }
    const request = this.path(`${number}.csr`);
    openssl('req', '-new', '-nodes', '-newkey', ...key, '-keyout', pair.keyFile, '-out', request, ...common);
    this.#signWithDates(request, pair, notBefore!, notAfter!);
    return pair;
  }

  /** `req` and `x509` know no dates in the past; `ca` does, and wants a database. */
  #signWithDates(request: string, { certFile, keyFile }: MadePair, notBefore: string, notAfter: string): void {
    const base = `${certFile}.ca`;
    writeFileSync(`${base}.index`, '');
    writeFileSync(`${base}.serial`, '01\n');
    const section = [
      '[ca]\ndefault_ca = it\n[it]',
      `new_certs_dir = ${this.folder}\ndatabase = ${base}.index\nserial = ${base}.serial`,
      'default_md = sha256\npolicy = any\ncopy_extensions = copy\nunique_subject = no\n[any]\ncommonName = optional\nO = optional\n',
    ];
    writeFileSync(`${base}.conf`, section.join('\n'));
    const dates = ['-startdate', notBefore, '-enddate', notAfter];
    openssl(
      'ca',
      '-batch',
      '-notext',
      '-selfsign',
      '-config',
      `${base}.conf`,
      ...dates,
      '-in',
      request,
      '-keyfile',
      keyFile,
      '-out',
      certFile,
    );
  }
}
