// The one table of dynamic keys that are known from the reference and not supported by this version yet. `error` refuses
// the object the key is in, because serving it without the key would be wrong or unsafe.

import { UnsupportedKeys } from '../decode/unsupported-keys.ts';
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

const TRANSPORT_TLS = [
  'serverName',
  'insecureSkipVerify',
  'rootCAs',
  'certificates',
  'cipherSuites',
  'minVersion',
  'maxVersion',
  'peerCertURI',
  'peerCertSANs',
  'spiffe',
];

export const unsupportedDynamicKeys = new UnsupportedKeys({
  'http.routers.*.tls': 'error',
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
  ...Object.fromEntries(TRANSPORT_TLS.map((key) => [`http.serversTransports.*.${key}`, 'error' as const])),
  'http.serversTransports.*.disableHTTP2': 'warning',
  'http.serversTransports.*.forwardingTimeouts.readIdleTimeout': 'warning',
  'http.serversTransports.*.forwardingTimeouts.pingTimeout': 'warning',
  tcp: 'error',
  udp: 'error',
  tls: 'warning',
});

function isText(node: SourceNode, text: string): boolean {
  return node.kind === 'scalar' && node.text === text;
}

function isEmptyList(node: SourceNode): boolean {
  return (node.kind === 'list' && node.items.length === 0) || isText(node, '');
}
