// Intervals and timeouts of health checks that are not positive: the reference logs an error and goes on with others, so they are
// replaced and reported, not refused. The same for every protocol.

import type { Diagnostic } from '@sluice/errors';
import type { DecodedObject, ObjectLocation } from '../decode/decode-object.ts';
import { parseDuration } from '../schema/duration.ts';
import { findEntry, type SourceDocument, type SourceNode } from '../source/source-node.ts';
import { HEALTH_CHECK_FALLBACK } from './health-check-schema.ts';

interface Intervals {
  readonly interval: number;
  readonly unhealthyInterval: number;
  readonly timeout: number;
}

interface Checked {
  readonly loadBalancer?: { readonly healthCheck?: Intervals | undefined } | undefined;
}

/** @param node of the whole service, for positions */
export function withRepairedHealthCheck<Service extends Checked>(
  decoded: DecodedObject<Service>,
  node: SourceNode,
  document: SourceDocument,
  location: ObjectLocation,
): DecodedObject<Service> {
  const healthCheck = decoded.value?.loadBalancer?.healthCheck;
  if (decoded.value === undefined || healthCheck === undefined) return decoded;
  const warnings: Diagnostic[] = [];
  const repaired = repair(healthCheck, (key, message) => {
    const section = findEntry(findEntry(node, 'loadBalancer')?.node ?? node, 'healthCheck')?.node;
    const offset = (section && findEntry(section, key)?.offset) ?? -1;
    warnings.push({
      code: 'CONFIG_VALUE',
      severity: 'warning',
      message: `"loadBalancer.healthCheck.${key}" ${message}`,
      ...(location.object === undefined ? {} : { object: location.object }),
      file: document.name,
      ...document.position(offset),
    });
  });
  const loadBalancer = { ...decoded.value.loadBalancer, healthCheck: repaired };
  return { value: { ...decoded.value, loadBalancer }, diagnostics: [...decoded.diagnostics, ...warnings] };
}

function repair<Check extends Intervals>(check: Check, warn: (key: string, message: string) => void): Check {
  const repaired: Record<string, unknown> = {};
  const inherited = check.unhealthyInterval === check.interval;
  for (const key of ['interval', 'unhealthyInterval', 'timeout'] as const) {
    if (check[key] > 0) continue;
    const fallback = HEALTH_CHECK_FALLBACK[key];
    repaired[key] = parseDuration(fallback)!;
    if (key !== 'unhealthyInterval' || !inherited) warn(key, `must be positive; ${fallback} is used`);
  }
  return { ...check, ...repaired };
}
