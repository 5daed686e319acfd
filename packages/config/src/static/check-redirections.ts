// Do redirections lead to entry points that exist? Pure. The reference goes on without such a redirection: what was to be
// encrypted would then be served in plain, so here it is an error.

import type { Diagnostic } from '@sluice/errors';
import { nearestKeyHint } from '../decode/nearest-key.ts';
import type { EntryPointConfiguration } from '../model/static-configuration.ts';
import { findPosition, type SourceDocument } from '../source/source-node.ts';
import { redirectionPort } from './redirection-schema.ts';

export function missingRedirectionTargets(
  entryPoints: Readonly<Record<string, EntryPointConfiguration>>,
  document: SourceDocument,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const [name, { http }] of Object.entries(entryPoints)) {
    const to = http.redirections?.entryPoint?.to;
    if (to === undefined || redirectionPort(to) !== undefined || Object.hasOwn(entryPoints, to)) continue;
    const path = ['entryPoints', name, 'http', 'redirections', 'entryPoint', 'to'];
    diagnostics.push({
      code: 'CONFIG_REFERENCE',
      severity: 'error',
      message: `"${path.slice(2).join('.')}" names the entry point "${to}", which does not exist`,
      object: `entryPoints.${name}`,
      file: document.name,
      ...findPosition(document, path),
      ...nearestKeyHint(to, Object.keys(entryPoints)),
    });
  }
  return diagnostics;
}
