// All built-in middleware types with their schemas: what configuration is decoded with. Workers take `behaviours.ts`, which
// loads no schema. A new type is added to both and nowhere else.

import { addPrefix as addPrefixBehaviour } from './add-prefix/add-prefix.ts';
import { addPrefixOptions } from './add-prefix/add-prefix-options.ts';
import { chain as chainBehaviour } from './chain/chain.ts';
import { chainOptions } from './chain/chain-options.ts';
import { grpcWeb as grpcWebBehaviour } from './grpc-web/grpc-web.ts';
import { grpcWebOptions } from './grpc-web/grpc-web-options.ts';
import { headers as headersBehaviour } from './headers/headers.ts';
import { headersOptions } from './headers/headers-options.ts';
import type { MiddlewareBehaviour, MiddlewareType } from './interface/middleware.ts';
import { passTlsClientCert as passTlsClientCertBehaviour } from './pass-tls-client-cert/pass-tls-client-cert.ts';
import { passTlsClientCertOptions } from './pass-tls-client-cert/pass-tls-client-cert-options.ts';
import { redirectRegex as redirectRegexBehaviour } from './redirect-regex/redirect-regex.ts';
import { redirectRegexOptions } from './redirect-regex/redirect-regex-options.ts';
import { redirectScheme as redirectSchemeBehaviour } from './redirect-scheme/redirect-scheme.ts';
import { redirectSchemeOptions } from './redirect-scheme/redirect-scheme-options.ts';
import { replacePath as replacePathBehaviour } from './replace-path/replace-path.ts';
import { replacePathOptions } from './replace-path/replace-path-options.ts';
import { stripPrefix as stripPrefixBehaviour } from './strip-prefix/strip-prefix.ts';
import { stripPrefixOptions } from './strip-prefix/strip-prefix-options.ts';

export const addPrefix = withSchema(addPrefixBehaviour, addPrefixOptions);
export const chain = withSchema(chainBehaviour, chainOptions);
export const grpcWeb = withSchema(grpcWebBehaviour, grpcWebOptions);
export const headers = withSchema(headersBehaviour, headersOptions);
export const passTlsClientCert = withSchema(passTlsClientCertBehaviour, passTlsClientCertOptions);
export const redirectRegex = withSchema(redirectRegexBehaviour, redirectRegexOptions);
export const redirectScheme = withSchema(redirectSchemeBehaviour, redirectSchemeOptions);
export const replacePath = withSchema(replacePathBehaviour, replacePathOptions);
export const stripPrefix = withSchema(stripPrefixBehaviour, stripPrefixOptions);

/** Ordered by key. */
export const MIDDLEWARE_TYPES: readonly MiddlewareType[] = Object.freeze([
  addPrefix,
  chain,
  grpcWeb,
  headers,
  passTlsClientCert,
  redirectRegex,
  redirectScheme,
  replacePath,
  stripPrefix,
]);

/** By key as the reference spells it: what the configuration's decoder takes. */
export const middlewareTypes: ReadonlyMap<string, MiddlewareType> = new Map(
  MIDDLEWARE_TYPES.map((type) => [type.type, type]),
);

const BY_LOWER_KEY: ReadonlyMap<string, MiddlewareType> = new Map(
  MIDDLEWARE_TYPES.map((type) => [type.type.toLowerCase(), type]),
);

/** The type with this key, in any case; undefined when there is none. */
export function middlewareTypeOf(key: string): MiddlewareType | undefined {
  return BY_LOWER_KEY.get(key.toLowerCase());
}

function withSchema<Options>(
  behaviour: MiddlewareBehaviour<Options>,
  schema: MiddlewareType<Options>['schema'],
): MiddlewareType<Options> {
  return { type: behaviour.type, schema, create: behaviour.create };
}
