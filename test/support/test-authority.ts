// A certificate authority of a test, and certificates of servers and clients signed by it, all made by openssl in a folder that
// goes away with the test. Keeps a list of them, as openssl's OCSP responder reads it.

import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openssl, requireOpenssl } from './openssl.ts';

export interface CertificateFiles {
  /** PEM; the certificate alone, without that of the authority. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface IssueOptions {
  /** DNS names, or addresses as `IP:127.0.0.1`. */
  readonly names?: readonly string[];
  /** Default: the first name. */
  readonly commonName?: string;
  readonly key?: 'ecdsa' | 'rsa';
  readonly usage?: 'server' | 'client';
  /** More lines of a section of extensions, such as `authorityInfoAccess = OCSP;URI:http://…`. */
  readonly extensions?: readonly string[];
}

const KEYS = {
  ecdsa: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-newkey', 'rsa:2048'],
} as const;

/** Browsers and scanners find a longer or shorter time worth a remark. */
const DAYS = ['-days', '90'];

export class TestAuthority {
  readonly folder: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** What was issued, one a line. */
  readonly indexFile: string;
  private count = 0;

  constructor(context: TestContext, commonName = 'Test authority') {
    requireOpenssl((line) => context.diagnostic(line));
    this.folder = mkdtempSync(join(tmpdir(), 'sluice-authority-'));
    context.after(() => rmSync(this.folder, { recursive: true, force: true }));
    this.certFile = join(this.folder, 'authority.crt');
    this.keyFile = join(this.folder, 'authority.key');
    this.indexFile = this.write('index.txt', '');
    const kind = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
    // Without a configuration of the system's own, whose extensions would come on top.
    const empty = this.write('empty.cnf', '[req]\ndistinguished_name = dn\n[dn]\n');
    const files = ['-keyout', this.keyFile, '-out', this.certFile];
    const common = ['-config', empty, '-nodes', '-subj', `/CN=${commonName}`];
    openssl('req', '-x509', ...DAYS, ...common, ...KEYS.ecdsa, ...kind, ...files);
  }

  /** Writes a file beside the others. @returns its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Signs a certificate with a new key. */
  issue(options: IssueOptions = {}): CertificateFiles {
    const { names = [], key = 'ecdsa', usage = 'server', extensions = [] } = options;
    const number = ++this.count;
    const base = join(this.folder, `${number}`);
    const files = { certFile: `${base}.crt`, keyFile: `${base}.key` };
    const subject = `/CN=${options.commonName ?? names[0] ?? `${usage} ${number}`}`;
    const empty = join(this.folder, 'empty.cnf');
    const request = ['-config', empty, '-nodes', '-subj', subject, '-keyout', files.keyFile, '-out', `${base}.csr`];
    openssl('req', '-new', ...KEYS[key], ...request);
    const lines = [
      'basicConstraints = critical,CA:FALSE',
      `keyUsage = critical,digitalSignature${key === 'rsa' ? ',keyEncipherment' : ''}`,
      `extendedKeyUsage = ${usage}Auth`,
      'authorityKeyIdentifier = keyid',
      ...(names.length > 0 ? [`subjectAltName = ${names.map(alternativeName).join(',')}`] : []),
      ...extensions,
    ];
    this.write(`${number}.ext`, `${lines.join('\n')}\n`);
    // Positive, and an even number of hexadecimal digits, as the list wants it.
    const serial = `4A${randomBytes(15).toString('hex').toUpperCase()}`;
    const signing = ['-CA', this.certFile, '-CAkey', this.keyFile, '-set_serial', `0x${serial}`, ...DAYS];
    const from = ['-in', `${base}.csr`, '-extfile', `${base}.ext`];
    openssl('x509', '-req', '-sha256', ...from, ...signing, '-out', files.certFile);
    appendFileSync(this.indexFile, `V\t491231235959Z\t\t${serial}\tunknown\t${subject}\n`);
    return files;
  }
}

function alternativeName(name: string): string {
  return name.includes(':') ? name : `DNS:${name}`;
}
