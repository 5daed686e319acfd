// Answers one test of a rule for one request, written for reading, not for speed: the yardstick for the hot matcher.

import { fromByteText } from './byte-text.ts';
import { networkContains } from './client-network.ts';
import type { RequestTest } from './predicate.ts';
import { queryHas, queryHasMatching } from './query-pairs.ts';
import type { RequestView } from './request-view.ts';

const compiled = new Map<string, RegExp>();
const COMPILED_MAX = 10_000;

export function evaluateTest(test: RequestTest, request: RequestView): boolean {
  switch (test.kind) {
    case 'always':
      return true;
    case 'never':
      return false;
    case 'host':
      return hostMatches(request.host, test.value);
    case 'host-regexp':
      return request.host !== '' && expression(test.source).test(request.host);
    case 'path':
      return request.path === test.value;
    case 'path-prefix':
      return request.path.startsWith(test.value);
    case 'path-regexp':
      return expression(test.source).test(request.path);
    case 'method':
      return request.method === test.value;
    case 'header':
      return request.headerValues(test.name).includes(test.value);
    case 'header-regexp':
      return request.headerValues(test.name).some((value) => expression(test.source).test(fromByteText(value)));
    case 'query':
      return request.query !== undefined && queryHas(request.query, test.key, test.value);
    case 'query-regexp': {
      const accepts = (value: string) => expression(test.source).test(fromByteText(value));
      return request.query !== undefined && queryHasMatching(request.query, test.key, accepts);
    }
    case 'client':
      return networkContains(test.network, request.clientAddress);
    case 'server-name-regexp':
      return expression(test.source).test(request.host);
    case 'alpn':
      return request.offersAlpn?.(Buffer.from(test.protocol, 'latin1')) === true;
  }
}

/** The algorithm of the routing reference, §4.3, step by step; `value` is lower case and not `*`. */
function hostMatches(host: string, value: string): boolean {
  if (host === '') return false;
  if (compareHost(host, value)) return true;
  if (value.endsWith('.') && compareHost(host, value.slice(0, -1))) return true;
  return host.endsWith('.') && compareHost(host.slice(0, -1), value);
}

function compareHost(host: string, value: string): boolean {
  if (!value.startsWith('*')) return host === value;
  const dot = host.indexOf('.');
  return value === `*${dot === -1 ? '' : host.slice(dot)}`;
}

function expression(source: string): RegExp {
  let found = compiled.get(source);
  if (found === undefined) {
    if (compiled.size >= COMPILED_MAX) compiled.clear();
    found = new RegExp(source);
    compiled.set(source, found);
  }
  return found;
}
