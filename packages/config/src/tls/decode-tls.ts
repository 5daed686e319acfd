// The section `tls` of a dynamic configuration: every certificate, option set and store is decoded alone, so that one that is
// wrong is left out and reported, and nothing else is lost. Pure; reads no file.

import type { Diagnostic } from '@sluice/errors';
import type { DecodeOptions } from '../decode/decode-context.ts';
import { type DecodedObject, decodeObject } from '../decode/decode-object.ts';
import { nameProblem } from '../dynamic/object-name.ts';
import type {
  CertificateConfiguration,
  TlsConfiguration,
  TlsOptionsConfiguration,
  TlsStoreConfiguration,
} from '../model/tls-configuration.ts';
import type { SourceDocument, SourceEntry, SourceNode } from '../source/source-node.ts';
import { certificateSchema, DEFAULT_STORE, storeSchema } from './certificate-schema.ts';
import { decodeTlsOptions } from './decode-tls-options.ts';

export const TLS_KINDS = ['certificates', 'options', 'stores'] as const;
type TlsKind = (typeof TLS_KINDS)[number];

/** Where results other than values go. */
export interface TlsReports {
  diagnostic(diagnostic: Diagnostic): void;
  /** `tls.options`, `tls.stores.default`, `tls.certificates[2]`. */
  refused(path: string): void;
  /** Called for every object, also for those that are refused. */
  declared(path: string, offset: number): void;
}

export const EMPTY_TLS: TlsConfiguration = { certificates: [], options: {}, stores: {} };

export class TlsDecoder {
  readonly #document: SourceDocument;
  readonly #options: DecodeOptions;
  readonly #reports: TlsReports;
  readonly #certificates: CertificateConfiguration[] = [];
  readonly #optionSets: Record<string, TlsOptionsConfiguration> = {};
  readonly #stores: Record<string, TlsStoreConfiguration> = {};

  constructor(document: SourceDocument, options: DecodeOptions, reports: TlsReports) {
    this.#document = document;
    this.#options = options;
    this.#reports = reports;
  }

  get value(): TlsConfiguration {
    return { certificates: this.#certificates, options: this.#optionSets, stores: this.#stores };
  }

  /** @param kind one of `TLS_KINDS`, each at most once */
  decode(kind: string, { node, offset }: SourceEntry): void {
    if (node.kind === 'null') return;
    if ((kind as TlsKind) === 'certificates') this.#decodeCertificates(node, offset);
    else if (node.kind === 'map') this.#decodeNamed(kind as 'options' | 'stores', node.entries);
    else this.#refuse(`tls.${kind}`, `"tls.${kind}" must be a map of names to objects`, offset);
  }

  #decodeCertificates(node: SourceNode, offset: number): void {
    const items = itemsOf(node, this.#document.stringly);
    if (items === undefined) {
      this.#refuse('tls.certificates', '"tls.certificates" must be a list of sections', offset);
      return;
    }
    for (const [index, item] of items.entries()) {
      const object = `tls.certificates[${index}]`;
      this.#reports.declared(object, item.offset);
      const location = { object, pattern: ['tls', 'certificates', '*'] };
      const value = this.#take(object, decodeObject(certificateSchema, item, this.#document, location, this.#options));
      if (value === undefined) continue;
      this.#certificates.push(value);
      if (value.stores.includes(DEFAULT_STORE)) continue;
      const message = `it is in no store that is served; only "${DEFAULT_STORE}" is`;
      this.#report('warning', 'CONFIG_VALUE', message, item.offset, object);
    }
  }

  #decodeNamed(kind: 'options' | 'stores', entries: readonly SourceEntry[]): void {
    const seen = new Set<string>();
    for (const { key: name, node, offset } of entries) {
      const object = `tls.${kind}.${name}`;
      if (node.kind === 'null') continue;
      this.#reports.declared(object, offset);
      const problem = nameProblem(name);
      if (problem !== undefined) this.#refuse(object, `"${name}" ${problem}`, offset, 'CONFIG_VALUE', object);
      else if (seen.has(name)) {
        delete (kind === 'options' ? this.#optionSets : this.#stores)[name];
        this.#refuse(object, `"${name}" is declared twice`, offset, 'CONFIG_CONFLICT', object);
      } else if (kind === 'options') this.#decodeOptions(name, node, object);
      else this.#decodeStore(name, node, offset, object);
      seen.add(name);
    }
  }

  #decodeOptions(name: string, node: SourceNode, object: string): void {
    const location = { object, pattern: ['tls', 'options', '*'] };
    const value = this.#take(object, decodeTlsOptions(node, this.#document, location, this.#options));
    if (value !== undefined) this.#optionSets[name] = value;
  }

  #decodeStore(name: string, node: SourceNode, offset: number, object: string): void {
    const location = { object, pattern: ['tls', 'stores', '*'] };
    const value = this.#take(object, decodeObject(storeSchema, node, this.#document, location, this.#options));
    if (value === undefined) return;
    this.#stores[name] = value;
    if (name === DEFAULT_STORE) return;
    const message = `the store is not served; only "${DEFAULT_STORE}" is`;
    this.#report('warning', 'CONFIG_VALUE', message, offset, object);
  }

  #take<Value>(object: string, { value, diagnostics }: DecodedObject<Value>): Value | undefined {
    for (const diagnostic of diagnostics) this.#reports.diagnostic(diagnostic);
    if (value === undefined) this.#reports.refused(object);
    return value;
  }

  #refuse(
    path: string,
    message: string,
    offset: number,
    code: Diagnostic['code'] = 'CONFIG_VALUE',
    object?: string,
  ): void {
    this.#reports.refused(path);
    this.#report('error', code, message, offset, object);
  }

  #report(
    severity: Diagnostic['severity'],
    code: Diagnostic['code'],
    message: string,
    offset: number,
    object?: string,
  ): void {
    const { name: file } = this.#document;
    const named = object === undefined ? {} : { object };
    this.#reports.diagnostic({ code, severity, message, ...named, file, ...this.#document.position(offset) });
  }
}

/** A list; where sources know only text, also a map of positions. */
function itemsOf(node: SourceNode, stringly: boolean): readonly SourceNode[] | undefined {
  if (node.kind === 'list') return node.items;
  if (!stringly || node.kind !== 'map') return undefined;
  const sorted = [...node.entries].sort((a, b) => Number(a.key) - Number(b.key));
  return sorted.map((entry) => entry.node);
}
