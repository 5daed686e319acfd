// What the data path imports: the interface, answers, and the behaviour of every built-in middleware. Loads no schema and no
// part of the configuration, because every worker pays for it at its start.

import { addPrefix } from './add-prefix/add-prefix.ts';
import { chain } from './chain/chain.ts';
import { grpcWeb } from './grpc-web/grpc-web.ts';
import { headers } from './headers/headers.ts';
import type { MiddlewareBehaviour } from './interface/middleware.ts';
import { passTlsClientCert } from './pass-tls-client-cert/pass-tls-client-cert.ts';
import { redirectRegex } from './redirect-regex/redirect-regex.ts';
import { redirectScheme } from './redirect-scheme/redirect-scheme.ts';
import { replacePath } from './replace-path/replace-path.ts';
import { stripPrefix } from './strip-prefix/strip-prefix.ts';

export * from './interface/answer.ts';
export type * from './interface/exchange.ts';
export * from './interface/middleware.ts';

const BEHAVIOURS: ReadonlyMap<string, MiddlewareBehaviour> = new Map(
  [addPrefix, chain, grpcWeb, headers, passTlsClientCert, redirectRegex, redirectScheme, replacePath, stripPrefix].map(
    (each) => [each.type, each as MiddlewareBehaviour],
  ),
);

/** The behaviour of the type with this key, spelled as in a snapshot; undefined when there is none. */
export function middlewareBehaviourOf(type: string): MiddlewareBehaviour | undefined {
  return BEHAVIOURS.get(type);
}
