// Everything that the TLS part of the configuration names, read: certificates of the store that is served, its default
// certificate, authorities of clients. One that cannot be read costs only itself. Knows nothing of routers.

import {
  BUILT_IN_TLS_OPTIONS,
  certificatePath,
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

export type Position = Pick<Diagnostic, 'file' | 'line' | 'column'>;

export interface LoadTlsInput {
  readonly tls: MergedTls;
  /** Kept from one call to the next, so that what was good stays in use. */
  readonly loader: KeyPairLoader;
  /** Where the generated default certificate is kept. */
  readonly folder: string;
  /** Where no declared default certificate can be used, one is generated, and kept. Default: true. */
  readonly generatesDefault?: boolean;
  /** Where a certificate is declared, by provider and `certificatePath`. */
  readonly positionOf?: (provider: string, path: string) => Position | undefined;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** What was loaded before: good versions of what has a name and cannot be used now. */
  readonly previous?: Pick<LoadedTls, 'optionSets' | 'defaultPair' | 'isDefaultGenerated'> | undefined;
}

export interface LoadedTls {
  /** In the order of their declaration, each once. */
  readonly pairs: readonly KeyPair[];
  /** Undefined: none is wanted. */
  readonly defaultPair: KeyPair | undefined;
  /** It is not one that the configuration names. */
  readonly isDefaultGenerated: boolean;
  /** Usable sets by qualified name; `default` is missing when it is declared and cannot be used. */
  readonly optionSets: ReadonlyMap<string, OptionSet>;
  readonly diagnostics: readonly Diagnostic[];
  /** Absolute paths that all this depends on, whether they exist or not: what a watcher has to watch. */
  readonly paths: readonly string[];
}

/** What a report is about. */
type Place = Position & { readonly object: string };

const KEPT = 'the previous version stays in use';

/** Not to be called again with the same loader before it has ended: the loader forgets what a whole round did not name. */
export async function loadTls(input: LoadTlsInput): Promise<LoadedTls> {
  const loading = new TlsLoading(input);
  const pairs = await loading.certificates();
  const defaultPair = await loading.defaultCertificate();
  const optionSets = await loading.optionSets();
  input.loader.forgetUnused();
  const { diagnostics, paths, isDefaultGenerated } = loading;
  return { pairs, defaultPair, isDefaultGenerated, optionSets, diagnostics, paths: [...paths].sort() };
}

class TlsLoading {
  readonly diagnostics: Diagnostic[] = [];
  readonly paths = new Set<string>();
  isDefaultGenerated = false;
  readonly #input: LoadTlsInput;

  constructor(input: LoadTlsInput) {
    this.#input = input;
  }

  async certificates(): Promise<KeyPair[]> {
    const pairs = new Map<string, KeyPair>();
    const { tls, positionOf } = this.#input;
    for (const certificate of tls.certificates) {
      if (!certificate.stores.includes(DEFAULT_STORE)) continue;
      const path = this.#input.loader.pathOf(certificate.certFile);
      const where = path === undefined ? 'of a certificate given as text' : `of ${certificate.certFile}`;
      const { provider } = certificate;
      const place = { object: `tls.certificates@${provider}`, ...positionOf?.(provider, certificatePath(certificate)) };
      const pair = await this.#pair(certificate, place, where);
      if (pair !== undefined && !pairs.has(pair.id)) pairs.set(pair.id, pair);
    }
    return [...pairs.values()];
  }

  /** The one that is declared; otherwise, and when that never could be used, the generated one: never none where one is wanted. */
  async defaultCertificate(): Promise<KeyPair | undefined> {
    const { tls, folder, nowMs, generatesDefault = true } = this.#input;
    const declared = Object.hasOwn(tls.stores, DEFAULT_STORE)
      ? tls.stores[DEFAULT_STORE]!.defaultCertificate
      : undefined;
    const object = `tls.stores.${DEFAULT_STORE}`;
    const { previous: before } = this.#input;
    const previous = declared === undefined || before?.isDefaultGenerated === true ? undefined : before?.defaultPair;
    const pair = declared && (await this.#pair(declared, { object }, 'of the default certificate', previous));
    if (pair !== undefined || !generatesDefault) return pair;
    this.isDefaultGenerated = true;
    const kept = await keptDefaultCertificate(folder, nowMs);
    if (kept.problem !== undefined) this.#report('warning', kept.problem, { object });
    return kept.pair;
  }

  async optionSets(): Promise<Map<string, OptionSet>> {
    const sets = new Map<string, OptionSet>();
    const declared = { [DEFAULT_TLS_OPTIONS]: BUILT_IN_TLS_OPTIONS, ...this.#input.tls.options };
    for (const [name, options] of Object.entries(declared)) {
      const previous = this.#input.previous?.optionSets.get(name);
      const authorities = await this.#authorities(options, `tls.options.${name}`, previous !== undefined);
      const set = authorities === undefined ? previous : optionSet(name, options, authorities);
      if (set !== undefined) sets.set(name, set);
    }
    return sets;
  }

  /** An authority that is missing would change who may connect, so the whole set cannot be used. */
  async #authorities(
    { clientAuth }: TlsOptionsConfiguration,
    object: string,
    hasPrevious: boolean,
  ): Promise<string | undefined> {
    let all = '';
    let isUsable = true;
    for (const [index, value] of clientAuth.caFiles.entries()) {
      this.#depend(value);
      const { value: pem, problem } = await this.#input.loader.loadAuthorities(value);
      if (problem !== undefined) {
        const isLost = pem === undefined && !hasPrevious;
        const outcome = isLost ? '; routers with these options are closed' : '';
        const message = `"clientAuth.caFiles[${index}]" ${problem}${outcome}`;
        this.#report('error', message, { object }, isLost ? undefined : KEPT);
      }
      if (pem === undefined) isUsable = false;
      else all += pem;
    }
    return isUsable ? all : undefined;
  }

  /** @param previous for when it cannot be used, and never could */
  async #pair(
    declared: KeyPairConfiguration,
    place: Place,
    where: string,
    previous?: KeyPair | undefined,
  ): Promise<KeyPair | undefined> {
    this.#depend(declared.certFile);
    this.#depend(declared.keyFile);
    const { value = previous, problem } = await this.#input.loader.loadPair(declared);
    if (problem !== undefined) {
      this.#report(
        'error',
        `the pair ${where} cannot be used: ${problem}`,
        place,
        value === undefined ? undefined : KEPT,
      );
    }
    return value;
  }

  #depend(value: string): void {
    const path = this.#input.loader.pathOf(value);
    if (path !== undefined) this.paths.add(path);
  }

  #report(severity: DiagnosticSeverity, message: string, place: Place, hint?: string): void {
    const code = 'CONFIG_FILE';
    this.diagnostics.push({ code, severity, message, ...place, ...(hint === undefined ? {} : { hint }) });
  }
}
