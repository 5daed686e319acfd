// Everything that the TLS part of the configuration names, read: certificates of the store that is served, its default
// certificate, authorities of clients. One that cannot be read costs only itself. Knows nothing of routers.

import {
  BUILT_IN_TLS_OPTIONS,
  DEFAULT_STORE,
  DEFAULT_TLS_OPTIONS,
  type KeyPairConfiguration,
  type MergedTls,
  type TlsOptionsConfiguration,
} from '@sluice/config';
import type { Diagnostic, DiagnosticSeverity } from '@sluice/errors';
import type { OptionSet } from '@sluice/routing';
import { keptDefaultCertificate } from '../default-certificate/kept-default-certificate.ts';
import { optionSet } from '../options/option-set.ts';
import type { KeyPairLoader } from './key-pair-loader.ts';
import type { KeyPair } from './parse-key-pair.ts';

export interface LoadTlsInput {
  readonly tls: MergedTls;
  /** Kept from one call to the next, so that what was good stays in use. */
  readonly loader: KeyPairLoader;
  /** Where the generated default certificate is kept. */
  readonly folder: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

export interface LoadedTls {
  /** In the order of their declaration, each once. */
  readonly pairs: readonly KeyPair[];
  readonly defaultPair: KeyPair;
  /** Usable sets by qualified name; `default` is missing when it is declared and cannot be used. */
  readonly optionSets: ReadonlyMap<string, OptionSet>;
  readonly diagnostics: readonly Diagnostic[];
  /** Absolute paths that all this depends on, whether they exist or not: what a watcher has to watch. */
  readonly paths: readonly string[];
}

const KEPT = 'the previous version stays in use';

/** Not to be called again with the same loader before it has ended: the loader forgets what a whole round did not name. */
export async function loadTls(input: LoadTlsInput): Promise<LoadedTls> {
  const loading = new TlsLoading(input);
  const pairs = await loading.certificates();
  const defaultPair = await loading.defaultCertificate();
  const optionSets = await loading.optionSets();
  input.loader.forgetUnused();
  return { pairs, defaultPair, optionSets, diagnostics: loading.diagnostics, paths: [...loading.paths].sort() };
}

class TlsLoading {
  readonly diagnostics: Diagnostic[] = [];
  readonly paths = new Set<string>();
  readonly #input: LoadTlsInput;

  constructor(input: LoadTlsInput) {
    this.#input = input;
  }

  async certificates(): Promise<KeyPair[]> {
    const pairs = new Map<string, KeyPair>();
    for (const certificate of this.#input.tls.certificates) {
      if (!certificate.stores.includes(DEFAULT_STORE)) continue;
      const path = this.#input.loader.pathOf(certificate.certFile);
      const where = path === undefined ? 'of a certificate given as text' : `of ${certificate.certFile}`;
      const pair = await this.#pair(certificate, `tls.certificates@${certificate.provider}`, where);
      if (pair !== undefined && !pairs.has(pair.id)) pairs.set(pair.id, pair);
    }
    return [...pairs.values()];
  }

  /** The one that is declared; otherwise, and when that never could be used, the generated one: never none. */
  async defaultCertificate(): Promise<KeyPair> {
    const { tls, folder, nowMs } = this.#input;
    const declared = Object.hasOwn(tls.stores, DEFAULT_STORE)
      ? tls.stores[DEFAULT_STORE]!.defaultCertificate
      : undefined;
    const object = `tls.stores.${DEFAULT_STORE}`;
    const pair = declared && (await this.#pair(declared, object, 'of the default certificate'));
    if (pair !== undefined) return pair;
    const kept = await keptDefaultCertificate(folder, nowMs);
    if (kept.problem !== undefined) this.#report('warning', kept.problem, object);
    return kept.pair;
  }

  async optionSets(): Promise<Map<string, OptionSet>> {
    const sets = new Map<string, OptionSet>();
    const declared = { [DEFAULT_TLS_OPTIONS]: BUILT_IN_TLS_OPTIONS, ...this.#input.tls.options };
    for (const [name, options] of Object.entries(declared)) {
      const authorities = await this.#authorities(options, `tls.options.${name}`);
      if (authorities !== undefined) sets.set(name, optionSet(name, options, authorities));
    }
    return sets;
  }

  /** An authority that is missing would change who may connect, so the whole set cannot be used. */
  async #authorities({ clientAuth }: TlsOptionsConfiguration, object: string): Promise<string | undefined> {
    let all = '';
    let isUsable = true;
    for (const [index, value] of clientAuth.caFiles.entries()) {
      this.#depend(value);
      const { value: pem, problem } = await this.#input.loader.loadAuthorities(value);
      if (problem !== undefined) {
        const outcome = pem === undefined ? '; routers with these options are closed' : '';
        const message = `"clientAuth.caFiles[${index}]" ${problem}${outcome}`;
        this.#report('error', message, object, pem === undefined ? undefined : KEPT);
      }
      if (pem === undefined) isUsable = false;
      else all += pem;
    }
    return isUsable ? all : undefined;
  }

  async #pair(declared: KeyPairConfiguration, object: string, where: string): Promise<KeyPair | undefined> {
    this.#depend(declared.certFile);
    this.#depend(declared.keyFile);
    const { value, problem } = await this.#input.loader.loadPair(declared);
    if (problem !== undefined) {
      this.#report(
        'error',
        `the pair ${where} cannot be used: ${problem}`,
        object,
        value === undefined ? undefined : KEPT,
      );
    }
    return value;
  }

  #depend(value: string): void {
    const path = this.#input.loader.pathOf(value);
    if (path !== undefined) this.paths.add(path);
  }

  #report(severity: DiagnosticSeverity, message: string, object: string, hint?: string): void {
    const code = 'CONFIG_FILE';
    this.diagnostics.push({ code, severity, message, object, ...(hint === undefined ? {} : { hint }) });
  }
}
