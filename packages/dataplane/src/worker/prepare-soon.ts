// Builds what a picker needs before its first connection asks for it: between turns of the event loop, as a large table takes some ten
// milliseconds in all. A connection that comes earlier has the rest built at once.

import { MaglevHash, type Picker } from '@sluice/balancing';

/** Of pickers that need no preparing: nothing happens. */
export function prepareSoon(picker: Picker): void {
  if (picker instanceof MaglevHash) build(picker);
}

function build(picker: MaglevHash): void {
  setImmediate(() => {
    if (!picker.prepare()) build(picker);
  }).unref();
}
