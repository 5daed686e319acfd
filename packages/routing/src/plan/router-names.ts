// The names under which the routers of a configuration are in a snapshot: those whose entry points change them have one for each.

import type { EntryPointConfiguration, HttpConfiguration } from '@sluice/config';
import { EntryPointModels, routerNameOn } from './entry-point-model.ts';

/** Also of routers that the compiler refuses. A name may come more than once. */
export function* routerNames(
  { routers }: HttpConfiguration,
  entryPoints: Readonly<Record<string, EntryPointConfiguration>>,
): Iterable<string> {
  const models = new EntryPointModels(entryPoints);
  for (const [name, router] of Object.entries(routers)) {
    const { known } = models.of(router);
    for (const model of known) yield routerNameOn(model, name, known.length);
  }
}
