// Which names the key of a row consists of, by what the row counts.

import { MetricKind, type RowKey, WITH_HEADER_VALUES } from '@sluice/shared-state';
import type { MetricNames, NameGroup } from './metric-names.ts';

const NAME_GROUPS: Readonly<Record<number, NameGroup>> = {
  [MetricKind.ENTRY_POINT_REQUESTS]: 'entryPoints',
  [MetricKind.OPEN_CONNECTIONS]: 'entryPoints',
  [MetricKind.ROUTER_REQUESTS]: 'routers',
  [MetricKind.SERVICE_REQUESTS]: 'services',
  [MetricKind.SERVICE_RETRIES]: 'services',
  [MetricKind.CONNECTIONS_REUSED]: 'services',
  [MetricKind.CONNECTIONS_OPENED]: 'services',
  [MetricKind.ENTRY_POINT_LIMIT_REACHED]: 'entryPoints',
  [MetricKind.SERVICE_LIMIT_REACHED]: 'services',
  [MetricKind.ENTRY_POINT_TLS_REQUESTS]: 'entryPoints',
  [MetricKind.ROUTER_TLS_REQUESTS]: 'routers',
  [MetricKind.SERVICE_TLS_REQUESTS]: 'services',
  [MetricKind.TCP_ROUTER_CONNECTIONS]: 'routers',
  [MetricKind.TCP_ROUTER_OPEN_CONNECTIONS]: 'routers',
  [MetricKind.TCP_ROUTER_BYTES]: 'routers',
  [MetricKind.TCP_ENTRY_POINT_CONNECTIONS]: 'entryPoints',
  [MetricKind.TCP_ENTRY_POINT_BYTES]: 'entryPoints',
  [MetricKind.TCP_SERVICE_CONNECTS]: 'services',
  [MetricKind.TCP_SERVICE_CONNECT_FAILURES]: 'services',
  [MetricKind.ENTRY_POINT_FLOWS]: 'entryPoints',
};

/** Without what says that the row is one of header values. */
export function plainKind({ kind }: RowKey): number {
  return kind > WITH_HEADER_VALUES ? kind - WITH_HEADER_VALUES : kind;
}

/** The first name and, of a router, its service; undefined when they are not to be shown. */
export function namesOf(key: RowKey, names: MetricNames): readonly string[] | undefined {
  const first = names.nameOf(NAME_GROUPS[plainKind(key)], key.name);
  if (first === undefined || key.other === 0) return first === undefined ? undefined : [first];
  const second = names.nameOf('services', key.other);
  return second === undefined ? undefined : [first, second];
}

export function isReleased(key: RowKey, names: MetricNames): boolean {
  if (names.isReleased(NAME_GROUPS[plainKind(key)], key.name)) return true;
  return key.other !== 0 && names.isReleased('services', key.other);
}
