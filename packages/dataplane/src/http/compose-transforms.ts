// Several body transforms as one, in the order given.

import type { BodyTransform } from '@sluice/middlewares/behaviours';

const EMPTY = new Uint8Array(0);

export function composeTransforms(transforms: readonly (BodyTransform | undefined)[]): BodyTransform | undefined {
  const present = transforms.filter((transform) => transform !== undefined);
  if (present.length <= 1) return present[0];
  return {
    push(chunk, last) {
      let bytes: Uint8Array | undefined = chunk;
      for (const transform of present) {
        if (bytes === undefined && !last) return undefined;
        bytes = transform.push(bytes ?? EMPTY, last);
      }
      return bytes;
    },
  };
}
