// A rule's meaning: a tree of tests on a request, arguments checked and in the form in which they are compared.
// Data only; the interpreter and the snapshot writer are its two readers.

import type { ClientNetwork } from './client-network.ts';

/** `source` of regular expressions is a translated JavaScript pattern without flags (see `regex/`). */
export type RequestTest =
  /** Host(`*`), HostSNI(`*`): true for every request and connection, even without a host. */
  | { readonly kind: 'always' }
  /** Asks for what no request can show, such as Header(`Host`, …). */
  | { readonly kind: 'never' }
  /** Lower case; a first character `*` stands for one label. */
  | { readonly kind: 'host'; readonly value: string }
  | { readonly kind: 'host-regexp'; readonly source: string }
  | { readonly kind: 'path'; readonly value: string }
  | { readonly kind: 'path-prefix'; readonly value: string }
  | { readonly kind: 'path-regexp'; readonly source: string }
  | { readonly kind: 'method'; readonly value: string }
  /** `name` is lower case; `value` is UTF-8 with one UTF-16 unit for each byte. */
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  | { readonly kind: 'header-regexp'; readonly name: string; readonly source: string }
  /** `key` and `value` are UTF-8 with one UTF-16 unit for each byte. */
  | { readonly kind: 'query'; readonly key: string; readonly value: string }
  | { readonly kind: 'query-regexp'; readonly key: string; readonly source: string }
  | { readonly kind: 'client'; readonly network: ClientNetwork }
  /** Of connections, whose `host` is the server name; unlike `host-regexp` it also asks an empty one. */
  | { readonly kind: 'server-name-regexp'; readonly source: string }
  /** UTF-8 with one UTF-16 unit for each byte. */
  | { readonly kind: 'alpn'; readonly protocol: string };

export type Predicate =
  /** `text` is the matcher in canonical spelling, for `explain`. */
  | { readonly type: 'test'; readonly test: RequestTest; readonly text: string }
  | { readonly type: 'not'; readonly node: Predicate }
  | { readonly type: 'and' | 'or'; readonly nodes: readonly Predicate[] };
