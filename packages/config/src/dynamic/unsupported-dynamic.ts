// The one table of dynamic keys that are known from the reference and not supported by this version yet. `error` refuses
// the object the key is in, because serving it without the key would be wrong or unsafe.

import { UnsupportedKeys, type UnsupportedRule } from '../decode/unsupported-keys.ts';
import type { SourceNode } from '../source/source-node.ts';

/** Middleware types of the reference, whether this version has them or not. */
export const KNOWN_MIDDLEWARE_TYPES: readonly string[] = [
  'addPrefix',
  'basicAuth',
  'buffering',
  'chain',
  'circuitBreaker',
  'compress',
  'contentType',
  'digestAuth',
  'encodedCharacters',
  'errors',
  'forwardAuth',
  'grpcWeb',
  'headers',
  'inFlightReq',
  'ipAllowList',
  'ipWhiteList',
  'passTLSClientCert',
  'plugin',
  'rateLimit',
  'redirectRegex',
  'redirectScheme',
  'replacePath',
  'replacePathRegex',
  'retry',
  'stripPrefix',
  'stripPrefixRegex',
];

/** Those of TCP. */
export const KNOWN_TCP_MIDDLEWARE_TYPES: readonly string[] = ['inFlightConn', 'ipAllowList', 'ipWhiteList'];

const KEYS: Readonly<Record<string, UnsupportedRule>> = {
  'http.routers.*.parentRefs': (node) => (isEmptyList(node) ? 'accept' : 'error'),
  // Version 3 is what rules are read as anyway; the reference takes every value but v2 for it.
  'http.routers.*.ruleSyntax': (node) => (isText(node, 'v2') ? 'error' : 'warning'),
  'http.routers.*.observability.tracing': 'warning',
  'http.routers.*.observability.traceVerbosity': 'warning',
  'http.services.*.weighted': 'error',
  'http.services.*.highestRandomWeight': 'error',
  'http.services.*.mirroring': 'error',
  'http.services.*.failover': 'error',
  'http.services.*.middlewares': (node) => (isEmptyList(node) ? 'accept' : 'error'),
  'http.services.*.loadBalancer.sticky': 'error',
  'http.services.*.loadBalancer.passiveHealthCheck': 'warning',
  'http.services.*.loadBalancer.responseForwarding': 'warning',
  'http.serversTransports.*.spiffe': 'error',
  // Until then the self-signed one is shown, as in the reference until the first order is through.
  'tls.stores.*.defaultGeneratedCert': 'warning',
  // As of HTTP routers.
  'tcp.routers.*.ruleSyntax': (node) => (isText(node, 'v2') ? 'error' : 'warning'),
  'tcp.serversTransports.*.tls.spiffe': 'error',
};

export const unsupportedDynamicKeys = new UnsupportedKeys(KEYS);

function isText(node: SourceNode, text: string): boolean {
  return node.kind === 'scalar' && node.text === text;
}

function isEmptyList(node: SourceNode): boolean {
  return (node.kind === 'list' && node.items.length === 0) || isText(node, '');
}
