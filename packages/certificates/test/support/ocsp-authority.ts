// A certificate authority with an OCSP responder for tests: openssl signs the responses, an HTTP server on the loopback carries
// them. What it answers can be changed, also into what no responder should say.

import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openssl, requireOpenssl } from '../../../../test/support/openssl.ts';
import type { StapledPair } from '../../src/index.ts';
import { parseKeyPair } from '../../src/load/parse-key-pair.ts';

/** Stands in the certificates; tests replace it. */
export const RESPONDER_URL = 'http://ocsp.example/';

export type Answer = (request: Buffer, response: ServerResponse) => void;

export class OcspAuthority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-ocsp-'));
  #serial = 0x80;
  #index = '';

  constructor(context: TestContext, key: readonly string[] = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']) {
    requireOpenssl();
    context.after(() => rmSync(this.#folder, { recursive: true, force: true }));
    const files = ['-keyout', this.#path('ca.key'), '-out', this.#path('ca.crt')];
    openssl('req', '-x509', '-nodes', '-newkey', ...key, ...files, '-subj', '/CN=Authority');
  }

  /** @param urls of the responders that it names */
  issue(name: string, urls: readonly string[] = [RESPONDER_URL]): StapledPair {
    const access = urls.map((url) => `OCSP;URI:${url}`).join(',');
    const files = this.#sign(name, urls.length === 0 ? '' : `authorityInfoAccess=${access}`);
    const chain = files.certificate + readFileSync(this.#path('ca.crt'), 'latin1');
    return parseKeyPair(chain, files.key);
  }

  /** The status that the responder gives from now on. Certificates nobody has told it of are unknown. */
  set(pair: StapledPair, status: 'good' | 'revoked'): void {
    const { serialNumber } = new X509Certificate(pair.chainPem);
    const revoked = status === 'revoked' ? '250101000000Z' : '';
    this.#index += `${status === 'revoked' ? 'R' : 'V'}\t490101000000Z\t${revoked}\t${serialNumber}\tunknown\t/CN=${serialNumber}\n`;
  }

  /** Somebody whom the authority has appointed to answer, or not, by what `usage` says. */
  delegate(usage: string): readonly string[] {
    this.#sign('delegate', `extendedKeyUsage=${usage}`);
    return ['-rsigner', this.#path('delegate.crt'), '-rkey', this.#path('delegate.key')];
  }

  /** DER. @param options of `openssl ocsp`. @param days 0: without an end */
  respond(request: Buffer, options: readonly string[] = [], days = 4): Buffer {
    writeFileSync(this.#path('index'), this.#index);
    writeFileSync(this.#path('request'), request);
    const authority = this.#path('ca.crt');
    const signer = options.includes('-rsigner') ? [] : ['-rsigner', authority, '-rkey', this.#path('ca.key')];
    const times = days === 0 ? [] : ['-ndays', String(days)];
    const files = ['-reqin', this.#path('request'), '-respout', this.#path('response')];
    openssl('ocsp', '-index', this.#path('index'), '-CA', authority, ...files, ...signer, ...times, ...options);
    return readFileSync(this.#path('response'));
  }

  #sign(name: string, extensions: string): { readonly certificate: string; readonly key: string } {
    const [key, csr, crt, ext] = ['key', 'csr', 'crt', 'ext'].map((kind) => this.#path(`${name}.${kind}`)) as [
      string,
      string,
      string,
      string,
    ];
    const curve = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    openssl('req', '-new', '-nodes', '-newkey', ...curve, '-keyout', key, '-out', csr, '-subj', `/CN=${name}`);
    writeFileSync(ext, `${extensions}\n`);
    const signer = ['-CA', this.#path('ca.crt'), '-CAkey', this.#path('ca.key'), '-set_serial', String(this.#serial++)];
    openssl('x509', '-req', '-in', csr, '-out', crt, ...signer, '-days', '30', '-extfile', ext);
    return { certificate: readFileSync(crt, 'latin1'), key: readFileSync(key, 'latin1') };
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

export interface Responder {
  readonly url: string;
  readonly requests: IncomingMessage[];
  /** May be replaced at any time. */
  answer: Answer;
}

export async function startResponder(context: TestContext, answer: Answer): Promise<Responder> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => responder.answer(Buffer.concat(chunks), response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const responder = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests, answer };
  return responder;
}
