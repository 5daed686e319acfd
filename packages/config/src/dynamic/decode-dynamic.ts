// Text of one dynamic configuration → routers, services, middlewares, transports, TLS objects. Every object is decoded alone: a bad one
// is left out and reported, the others are kept. Pure; never throws; input may be hostile.

import type { Diagnostic } from '@sluice/errors';
import type { z } from 'zod';
import type { DecodeOptions } from '../decode/decode-context.ts';
import { decodeObject } from '../decode/decode-object.ts';
import { nearestKeyHint } from '../decode/nearest-key.ts';
import type {
  HttpConfiguration,
  MiddlewareConfiguration,
  RouterConfiguration,
  ServiceConfiguration,
} from '../model/dynamic-configuration.ts';
import type { ServersTransportConfiguration } from '../model/static-configuration.ts';
import type { TlsConfiguration } from '../model/tls-configuration.ts';
import { type ConfigurationFormat, parseSource } from '../source/parse-source.ts';
import type { MapNode, Position, SourceDocument, SourceEntry, SourceNode } from '../source/source-node.ts';
import { namedTransportSchema } from '../static/servers-transport-schema.ts';
import { EMPTY_TLS, TLS_KINDS, TlsDecoder } from '../tls/decode-tls.ts';
import { decodeMiddleware, type MiddlewareTypes } from './decode-middleware.ts';
import { decodeService } from './decode-service.ts';
import { nameProblem } from './object-name.ts';
import { routerSchema } from './router-schema.ts';
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

export interface DecodedDynamic {
  /** What is valid; names as declared. */
  readonly http: HttpConfiguration;
  readonly tls: TlsConfiguration;
  readonly diagnostics: readonly Diagnostic[];
  /**
   * Paths of what is present, but refused: `http.routers.web`, `tls.certificates[0]`, a whole kind (`http.routers`), or `http`
   * with `tls` when nothing is known of the document (syntax error, mistyped section). Their last good version should stay in
   * use.
   */
  readonly refused: readonly string[];
  /** By object path (`http.routers.web`), when asked for. */
  readonly positions?: ReadonlyMap<string, Position>;
}

export type HttpObjectKind = keyof HttpConfiguration;
const KINDS: readonly HttpObjectKind[] = ['routers', 'services', 'middlewares', 'serversTransports'];
/** Root keys of the reference. */
const ROOT_KEYS = ['http', 'tcp', 'udp', 'tls'];
/** In `refused`, when nothing is known of a document. */
const WHOLE_DOCUMENT = ['http', 'tls'] as const;

export function decodeDynamic(source: DynamicSource): DecodedDynamic {
  const parsed = parseSource(source.text, source.format, source.file);
  if (parsed.document === undefined) {
    return { http: emptyHttp(), tls: EMPTY_TLS, diagnostics: [parsed.diagnostic], refused: [...WHOLE_DOCUMENT] };
  }
  return new DynamicDecoder(parsed.document, source).decode();
}

interface MutableHttp {
  routers: Record<string, RouterConfiguration>;
  services: Record<string, ServiceConfiguration>;
  middlewares: Record<string, MiddlewareConfiguration>;
  serversTransports: Record<string, ServersTransportConfiguration>;
}

function emptyHttp(): MutableHttp {
  return { routers: {}, services: {}, middlewares: {}, serversTransports: {} };
}

class DynamicDecoder {
  readonly #document: SourceDocument;
  readonly #options: DecodeOptions;
  readonly #middlewareTypes: MiddlewareTypes;
  readonly #tls: TlsDecoder;
  readonly #http = emptyHttp();
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
      if (key === 'http') this.#decodeHttp(entry.node);
      else if (key === 'tls') this.#decodeTls(entry.node);
      else this.#reportUnsupportedRoot(key, entry);
    });
    const positions = this.#positions === undefined ? {} : { positions: this.#positions };
    return {
      http: this.#http,
      tls: this.#tls.value,
      diagnostics: this.#diagnostics,
      refused: this.#refused,
      ...positions,
    };
  }

  #decodeTls(node: SourceNode): void {
    this.#section(node, 'tls', TLS_KINDS, (kind, entry) => this.#tls.decode(kind, entry));
  }

  #decodeHttp(node: SourceNode): void {
    this.#section(node, 'http', KINDS, (key, entry) => {
      const kind = key as HttpObjectKind;
      if (entry.node.kind === 'null') return;
      if (entry.node.kind === 'map') this.#decodeKind(kind, entry.node);
      else this.#refuse(`http.${kind}`, `"http.${kind}" must be a map of names to objects`, entry.offset);
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

  #reportUnsupportedRoot(key: string, entry: SourceEntry): void {
    if (entry.node.kind === 'null' || (entry.node.kind === 'map' && entry.node.entries.length === 0)) return;
    const severity = this.#options.unsupportedKeys.severity([key], entry.node) === 'warning' ? 'warning' : 'error';
    const message = `"${key}" is known, but not supported by this version yet; nothing in it is used`;
    this.#diagnostics.push({ code: 'CONFIG_UNSUPPORTED', severity, message, object: key, ...this.#at(entry.offset) });
  }

  #decodeKind(kind: HttpObjectKind, node: MapNode): void {
    const seen = new Set<string>();
    for (const { key: name, node: object, offset } of node.entries) {
      const path = `http.${kind}.${name}`;
      if (object.kind === 'null') continue;
      this.#remember(path, offset);
      const problem = nameProblem(name);
      if (problem !== undefined) this.#refuse(path, `"${name}" ${problem}`, offset, 'CONFIG_VALUE', path);
      else if (seen.has(name)) {
        delete this.#http[kind][name];
        this.#refuse(path, `"${name}" is declared twice`, offset, 'CONFIG_CONFLICT', path);
      } else this.#decodeNamed(kind, name, object, path);
      seen.add(name);
    }
  }

  #decodeNamed(kind: HttpObjectKind, name: string, node: SourceNode, object: string): void {
    const location = { object, pattern: ['http', kind, '*'] };
    const keep = <Value>(
      target: Record<string, Value>,
      { value, diagnostics }: { value: Value | undefined; diagnostics: readonly Diagnostic[] },
    ): void => {
      this.#diagnostics.push(...diagnostics);
      if (value === undefined) this.#refused.push(object);
      else target[name] = value;
    };
    const plain = <Value>(schema: z.ZodType<Value>) =>
      decodeObject(schema, node, this.#document, location, this.#options);
    if (kind === 'routers') keep(this.#http.routers, plain(routerSchema));
    else if (kind === 'serversTransports') keep(this.#http.serversTransports, plain(namedTransportSchema));
    else if (kind === 'services')
      keep(this.#http.services, decodeService(node, this.#document, location, this.#options));
    else {
      const types = this.#middlewareTypes;
      keep(this.#http.middlewares, decodeMiddleware(node, this.#document, location, this.#options, types));
    }
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
