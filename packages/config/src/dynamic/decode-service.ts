// One service: decoded by its schema, then values that the reference replaces instead of refusing are replaced and reported.

import type { Diagnostic } from '@sluice/errors';
import type { DecodeOptions } from '../decode/decode-context.ts';
import { type DecodedObject, decodeObject, type ObjectLocation } from '../decode/decode-object.ts';
import type { HealthCheckConfiguration, ServiceConfiguration } from '../model/dynamic-configuration.ts';
import { parseDuration } from '../schema/duration.ts';
import { findEntry, type SourceDocument, type SourceNode } from '../source/source-node.ts';
import { HEALTH_CHECK_FALLBACK } from './health-check-schema.ts';
import { serviceSchema } from './service-schema.ts';

export function decodeService(
  node: SourceNode,
  document: SourceDocument,
  location: ObjectLocation,
  options: DecodeOptions,
): DecodedObject<ServiceConfiguration> {
  const decoded = decodeObject<ServiceConfiguration>(serviceSchema, node, document, location, options);
  const healthCheck = decoded.value?.loadBalancer.healthCheck;
  if (decoded.value === undefined || healthCheck === undefined) return decoded;
  const warnings: Diagnostic[] = [];
  const repaired = repairHealthCheck(healthCheck, (key, message) => {
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

function repairHealthCheck(
  check: HealthCheckConfiguration,
  warn: (key: string, message: string) => void,
): HealthCheckConfiguration {
  const repaired = { ...check };
  const inherited = check.unhealthyInterval === check.interval;
  for (const key of ['interval', 'unhealthyInterval', 'timeout'] as const) {
    if (check[key] > 0) continue;
    const fallback = HEALTH_CHECK_FALLBACK[key];
    repaired[key] = parseDuration(fallback)!;
    if (key !== 'unhealthyInterval' || !inherited) warn(key, `must be positive; ${fallback} is used`);
  }
  return repaired;
}
