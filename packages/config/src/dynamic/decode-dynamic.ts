// Text of one dynamic configuration → routers, services, middlewares, transports of each protocol, TLS objects. Every object is decoded alone: a bad one
// is left out and reported, the others are kept. Pure; never throws; input may be hostile.

import type { Diagnostic } from '@sluice/errors';
import type { DecodeOptions } from '../decode/decode-context.ts';
import { nearestKeyHint } from '../decode/nearest-key.ts';
import type { HttpConfiguration, RoutedConfiguration } from '../model/dynamic-configuration.ts';
import type { TlsConfiguration } from '../model/tls-configuration.ts';
import { type ConfigurationFormat, parseSource } from '../source/parse-source.ts';
import type { MapNode, Position, SourceDocument, SourceEntry, SourceNode } from '../source/source-node.ts';
import { EMPTY_TLS, TLS_KINDS, TlsDecoder } from '../tls/decode-tls.ts';
import type { MiddlewareTypes } from './decode-middleware.ts';
import { decodeOfKind, emptyRouted, PROTOCOLS, type Protocol, ROUTED_KINDS } from './object-kinds.ts';
import { nameProblem } from './object-name.ts';
import { unsupportedDynamicKeys } from './unsupported-dynamic.ts';

export interface DynamicSource {
  /** At most 32 Mi characters; bytes must be UTF-8. */
  readonly text: string | Uint8Array;
  readonly format: ConfigurationFormat;
  /** Path, for diagnostics. */
  readonly file: string;
  /** By type key. Only `type` and `schema` are used. */
  readonly middlewareTypes: MiddlewareTypes;
  /** `warn`: an object with an unknown key is used all the same. Default `error`. */
  readonly unknownKeys?: 'error' | 'warn';
  /** Also return where every object stands. Default false: a big configuration has no use for it. */
  readonly positions?: boolean;
}

/** What is valid; names as declared. */
export interface DecodedDynamic extends RoutedConfiguration {
  readonly tls: TlsConfiguration;
  readonly diagnostics: readonly Diagnostic[];
  /**
   * Paths of what is present, but refused: `http.routers.web`, `tls.certificates[0]`, a whole kind (`http.routers`), or all
   * of `http`, `tcp`, `udp` and `tls` when nothing is known of the document (syntax error, mistyped section). Their last good
   * version should stay in use.
   */
  readonly refused: readonly string[];
  /** By object path (`http.routers.web`), when asked for. */
  readonly positions?: ReadonlyMap<string, Position>;
}

export type HttpObjectKind = keyof HttpConfiguration;
/** Root keys of the reference. */
const ROOT_KEYS: readonly string[] = [...PROTOCOLS, 'tls'];
/** In `refused`, when nothing is known of a document. */
const WHOLE_DOCUMENT = ROOT_KEYS;

type MutableRouted = Record<Protocol, Record<string, Record<string, unknown>>>;

export function decodeDynamic(source: DynamicSource): DecodedDynamic {
  const parsed = parseSource(source.text, source.format, source.file);
  if (parsed.document === undefined) {
    return { ...emptyRouted(), tls: EMPTY_TLS, diagnostics: [parsed.diagnostic], refused: [...WHOLE_DOCUMENT] };
  }
  return new DynamicDecoder(parsed.document, source).decode();
}

class DynamicDecoder {
  readonly #document: SourceDocument;
  readonly #options: DecodeOptions;
  readonly #middlewareTypes: MiddlewareTypes;
  readonly #tls: TlsDecoder;
  readonly #routed = emptyRouted();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #refused: string[] = [];
  readonly #positions: Map<string, Position> | undefined;

  constructor(document: SourceDocument, source: DynamicSource) {
    this.#document = document;
    this.#options = { unknownKeys: source.unknownKeys ?? 'error', unsupportedKeys: unsupportedDynamicKeys };
    this.#middlewareTypes = source.middlewareTypes;
    this.#positions = source.positions === true ? new Map() : undefined;
    this.#tls = new TlsDecoder(document, this.#options, {
      diagnostic: (diagnostic) => this.#diagnostics.push(diagnostic),
      refused: (path) => this.#refused.push(path),
      declared: (path, offset) => this.#remember(path, offset),
    });
  }

  decode(): DecodedDynamic {
    this.#section(this.#document.root, '', ROOT_KEYS, (key, entry) => {
      if (key === 'tls') this.#decodeTls(entry.node);
      else this.#decodeProtocol(key as Protocol, entry.node);
    });
    const positions = this.#positions === undefined ? {} : { positions: this.#positions };
    return {
      ...this.#routed,
      tls: this.#tls.value,
      diagnostics: this.#diagnostics,
      refused: this.#refused,
      ...positions,
    };
  }

  #decodeTls(node: SourceNode): void {
    this.#section(node, 'tls', TLS_KINDS, (kind, entry) => this.#tls.decode(kind, entry));
  }

  #decodeProtocol(protocol: Protocol, node: SourceNode): void {
    this.#section(node, protocol, ROUTED_KINDS[protocol], (kind, entry) => {
      const path = `${protocol}.${kind}`;
      if (entry.node.kind === 'null') return;
      if (entry.node.kind === 'map') this.#decodeKind(protocol, kind, entry.node);
      else this.#refuse(path, `"${path}" must be a map of names to objects`, entry.offset);
    });
  }

  /** Calls `visit` for every known key; anything else makes it unknown what the section was meant to declare. */
  #section(
    node: SourceNode,
    path: string,
    keys: readonly string[],
    visit: (key: string, entry: SourceEntry) => void,
  ): void {
    if (node.kind === 'null') return;
    if (node.kind !== 'map') {
      const what = path === '' ? 'the document' : `"${path}"`;
      this.#refuseSection(path, `${what} must be a section with the keys ${keys.join(', ')}`, node.offset);
      return;
    }
    const seen = new Set<string>();
    for (const entry of node.entries) {
      const key = keys.find((known) => known.toLowerCase() === entry.key.toLowerCase());
      if (key === undefined) this.#unknownSection(entry, path, keys);
      else if (seen.has(key)) {
        this.#refuseSection(path, `"${join(path, key)}" is given twice`, entry.offset, 'CONFIG_CONFLICT');
      } else {
        seen.add(key);
        visit(key, entry);
      }
    }
  }

  #unknownSection(entry: SourceEntry, path: string, keys: readonly string[]): void {
    const message = `unknown key "${join(path, entry.key)}"; accepted here: ${keys.join(', ')}`;
    const isError = this.#options.unknownKeys === 'error';
    if (isError) this.#refused.push(...this.#sections(path));
    this.#diagnostics.push({
      code: 'CONFIG_UNKNOWN_KEY',
      severity: isError ? 'error' : 'warning',
      message,
      ...this.#at(entry.offset),
      ...nearestKeyHint(entry.key, keys),
    });
  }

  #decodeKind(protocol: Protocol, kind: string, node: MapNode): void {
    const target = (this.#routed as unknown as MutableRouted)[protocol][kind]!;
    const seen = new Set<string>();
    for (const { key: name, node: object, offset } of node.entries) {
      const path = `${protocol}.${kind}.${name}`;
      if (object.kind === 'null') continue;
      this.#remember(path, offset);
      const problem = nameProblem(name);
      if (problem !== undefined) this.#refuse(path, `"${name}" ${problem}`, offset, 'CONFIG_VALUE', path);
      else if (seen.has(name)) {
        delete target[name];
        this.#refuse(path, `"${name}" is declared twice`, offset, 'CONFIG_CONFLICT', path);
      } else {
        const value = this.#decodeObject(protocol, kind, object, path);
        if (value !== undefined) target[name] = value;
      }
      seen.add(name);
    }
  }

  /** Undefined, and reported, when it is refused. */
  #decodeObject(protocol: Protocol, kind: string, node: SourceNode, object: string): unknown {
    const { value, diagnostics } = decodeOfKind(protocol, kind, {
      node,
      document: this.#document,
      location: { object, pattern: [protocol, kind, '*'] },
      options: this.#options,
      middlewareTypes: this.#middlewareTypes,
    });
    this.#diagnostics.push(...diagnostics);
    if (value === undefined) this.#refused.push(object);
    return value;
  }

  #remember(path: string, offset: number): void {
    const position = this.#positions === undefined ? undefined : this.#document.position(offset);
    if (position !== undefined) this.#positions?.set(path, position);
  }

  /** What a section stands for in `refused`; the empty path is the whole document. */
  #sections(path: string): readonly string[] {
    return path === '' ? WHOLE_DOCUMENT : [path];
  }

  #refuseSection(path: string, message: string, offset: number, code?: Diagnostic['code']): void {
    const [first, ...others] = this.#sections(path);
    this.#refuse(first!, message, offset, code);
    this.#refused.push(...others);
  }

  #refuse(
    refusedPath: string,
    message: string,
    offset: number,
    code: Diagnostic['code'] = 'CONFIG_VALUE',
    object?: string,
  ): void {
    this.#refused.push(refusedPath);
    const named = object === undefined ? {} : { object };
    this.#diagnostics.push({ code, severity: 'error', message, ...named, ...this.#at(offset) });
  }

  #at(offset: number): Pick<Diagnostic, 'file' | 'line' | 'column'> {
    return { file: this.#document.name, ...this.#document.position(offset) };
  }
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
