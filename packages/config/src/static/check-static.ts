// What one key of the static configuration means for another, and what the schemas let pass with a warning: the default
// entry point, addresses used twice, fields that no access log line has.

import type { Diagnostic } from '@sluice/errors';
import { nearestKeyHint } from '../decode/nearest-key.ts';
import type { EntryPointConfiguration, StaticConfiguration } from '../model/static-configuration.ts';
import { parseEntryPointAddress } from '../schema/network.ts';
import type { SourceDocument } from '../source/source-node.ts';
import { ACCESS_LOG_FIELDS, isAccessLogField } from './access-log-fields.ts';
import { missingRedirectionTargets } from './check-redirections.ts';
import { entryPointSchema } from './entry-point-schema.ts';
import { ineffectiveKeys } from './ineffective-keys.ts';
import { missingInternalEntryPoints, withInternalEntryPoint } from './internal-entry-points.ts';

export interface CheckedStatic {
  readonly configuration: StaticConfiguration;
  readonly diagnostics: readonly Diagnostic[];
}

/** @param document that it was decoded from, for diagnostics */
export function checkStatic(decoded: StaticConfiguration, document: SourceDocument): CheckedStatic {
  const { name: file } = document;
  const configuration = withInternalEntryPoint(withDefaultEntryPoint(decoded));
  const diagnostics: Diagnostic[] = sharedAddresses(configuration.entryPoints).map((each) => ({ ...each, file }));
  const { file: provider } = configuration.providers;
  if (provider?.directory !== undefined && provider.filename !== undefined) {
    const message = '"providers.file" has both "directory" and "filename"; the directory is used';
    diagnostics.push({ code: 'CONFIG_CONFLICT', severity: 'warning', message, file });
  }
  diagnostics.push(...unknownLogFields(configuration).map((each) => ({ ...each, file })));
  diagnostics.push(...ineffectiveKeys(configuration.entryPoints, document));
  diagnostics.push(...missingInternalEntryPoints(configuration, document));
  diagnostics.push(...missingRedirectionTargets(configuration.entryPoints, document));
  return { configuration, diagnostics };
}

/** Without any entry point for users, `http` on port 80 is there (http-routing.md section 8). */
function withDefaultEntryPoint(configuration: StaticConfiguration): StaticConfiguration {
  const names = Object.keys(configuration.entryPoints);
  if (names.some((name) => name !== 'traefik')) return configuration;
  const http = entryPointSchema.parse({ address: ':80' });
  return { ...configuration, entryPoints: { ...configuration.entryPoints, http } };
}

/** The reference says nothing; a field that was to be dropped would go on being written. */
function unknownLogFields({ accessLog }: StaticConfiguration): Diagnostic[] {
  return Object.keys(accessLog?.fields.names ?? {})
    .filter((name) => !isAccessLogField(name))
    .map((name) => ({
      code: 'CONFIG_REFERENCE',
      severity: 'warning',
      message: `the access log has no field ${JSON.stringify(name)}`,
      object: 'accessLog.fields.names',
      ...nearestKeyHint(name, ACCESS_LOG_FIELDS),
    }));
}

/** Our listening sockets can always share a port, so the kernel would not complain: connections would be spread at random. */
function sharedAddresses(entryPoints: Readonly<Record<string, EntryPointConfiguration>>): Diagnostic[] {
  const users = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  for (const [name, { address, reusePort }] of Object.entries(entryPoints)) {
    const parsed = parseEntryPointAddress(address);
    if (typeof parsed === 'string' || parsed.port === 0) continue;
    const key = `${parsed.host.toLowerCase()} ${parsed.port} ${parsed.protocol}`;
    const other = users.get(key);
    users.set(key, name);
    if (other === undefined || (reusePort && entryPoints[other]!.reusePort)) continue;
    const message = `the entry points "${other}" and "${name}" have the same address ${address}; set reusePort on both if that is meant`;
    diagnostics.push({ code: 'CONFIG_CONFLICT', severity: 'error', message, object: `entryPoints.${name}` });
  }
  return diagnostics;
}
