// Entry points of our own pages: the one that is made for them when nobody has declared it, and those that are named, but do
// not exist (static-config.md section 1.7).

import type { Diagnostic } from '@sluice/errors';
import { nearestKeyHint } from '../decode/nearest-key.ts';
import type { StaticConfiguration } from '../model/static-configuration.ts';
import { INTERNAL_ENTRY_POINT } from '../references/default-entry-points.ts';
import { findPosition, type SourceDocument } from '../source/source-node.ts';
import { entryPointSchema } from './entry-point-schema.ts';

const INTERNAL_ADDRESS = ':8080';

interface NamedEntryPoint {
  /** Keys that lead to it in the document. */
  readonly path: readonly string[];
  readonly name: string;
}

/** With `traefik` on port 8080, if one of our pages is to be there and there is none. */
export function withInternalEntryPoint(configuration: StaticConfiguration): StaticConfiguration {
  const { entryPoints } = configuration;
  const isNeeded = namedEntryPoints(configuration).some(({ name }) => name === INTERNAL_ENTRY_POINT);
  if (!isNeeded || Object.hasOwn(entryPoints, INTERNAL_ENTRY_POINT)) return configuration;
  const internal = entryPointSchema.parse({ address: INTERNAL_ADDRESS });
  return { ...configuration, entryPoints: { ...entryPoints, [INTERNAL_ENTRY_POINT]: internal } };
}

/** A page that cannot be reached would be noticed by whoever watches it, long after the start. */
export function missingInternalEntryPoints(configuration: StaticConfiguration, document: SourceDocument): Diagnostic[] {
  const { entryPoints } = configuration;
  return namedEntryPoints(configuration)
    .filter(({ name }) => !Object.hasOwn(entryPoints, name))
    .map(({ path, name }) => ({
      code: 'CONFIG_REFERENCE',
      severity: 'error',
      message: `"${path.join('.')}" names the entry point "${name}", which does not exist`,
      object: path.slice(0, -1).join('.'),
      file: document.name,
      ...findPosition(document, path),
      ...nearestKeyHint(name, Object.keys(entryPoints)),
    }));
}

function namedEntryPoints({ ping, metrics: { prometheus } }: StaticConfiguration): NamedEntryPoint[] {
  const named: NamedEntryPoint[] = [];
  if (ping?.manualRouting === false) named.push({ path: ['ping', 'entryPoint'], name: ping.entryPoint });
  if (prometheus?.manualRouting === false) {
    named.push({ path: ['metrics', 'prometheus', 'entryPoint'], name: prometheus.entryPoint });
  }
  return named;
}
