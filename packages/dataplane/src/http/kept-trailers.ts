// Trailers of a body that is complete but not sent yet.

import { HeaderTable } from '@sluice/protocols';

/** The ranges of a table that is reused have to be made our own. */
export function keptTrailers(trailers: HeaderTable | undefined): HeaderTable | undefined {
  if (trailers === undefined) return undefined;
  const kept = new HeaderTable(trailers.bytes);
  for (let i = 0; i < trailers.count; i++)
    if (!trailers.isRemoved(i)) kept.add(trailers.nameAt(i), trailers.valueAt(i));
  for (let i = 0; i < trailers.addedNames.length; i++) kept.add(trailers.addedNames[i], trailers.addedValues[i]);
  return kept;
}
