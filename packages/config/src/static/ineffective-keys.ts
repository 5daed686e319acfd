// Keys of entry points that mean nothing with the protocol of their address: said, as somebody relies on them. The reference ignores
// them.

import type { Diagnostic } from '@sluice/errors';
import type { EntryPointConfiguration } from '../model/static-configuration.ts';
import { isUdp } from '../references/default-entry-points.ts';
import { findEntry, type SourceDocument, type SourceEntry, type SourceNode } from '../source/source-node.ts';

/** What is not named here has an effect with both. */
const OF_TCP: readonly (readonly string[])[] = [
  ['proxyProtocol'],
  ['relay'],
  ['forwardedHeaders'],
  ['http'],
  ['http2'],
  ['asDefault'],
  ['transport', 'respondingTimeouts'],
  ['transport', 'keepAliveMaxTime'],
  ['transport', 'keepAliveMaxRequests'],
];
const OF_UDP: readonly (readonly string[])[] = [['udp']];

export function ineffectiveKeys(
  entryPoints: Readonly<Record<string, EntryPointConfiguration>>,
  document: SourceDocument,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const [name, entryPoint] of Object.entries(entryPoints)) {
    const [keys, protocol] = isUdp(entryPoint) ? [OF_TCP, 'UDP'] : [OF_UDP, 'TCP'];
    for (const key of keys) {
      const entry = entryAt(document.root, ['entryPoints', name, ...key]);
      if (entry === undefined) continue;
      diagnostics.push({
        code: 'CONFIG_CONFLICT',
        severity: 'warning',
        message: `"entryPoints.${name}.${key.join('.')}" has no effect: the entry point is of ${protocol} (${entryPoint.address})`,
        object: `entryPoints.${name}`,
        file: document.name,
        ...document.position(entry.offset),
      });
    }
  }
  return diagnostics;
}

/** Undefined: it is not there. */
function entryAt(root: SourceNode, path: readonly string[]): SourceEntry | undefined {
  let entry: SourceEntry | undefined;
  for (const key of path) {
    entry = findEntry(entry?.node ?? root, key);
    if (entry === undefined) return undefined;
  }
  return entry;
}
