// chain: a name for a list of other middlewares. Has options but no behaviour: the compiler puts the members in its place,
// so no data path ever meets one.

import type { MiddlewareBehaviour } from '../interface/middleware.ts';
import type { ChainOptions } from './chain-options.ts';

export const chain: MiddlewareBehaviour<ChainOptions> = {
  type: 'chain',
  create: (_options, name) => {
    throw new Error(`the chain "${name}" should have been replaced by its members when the configuration was compiled`);
  },
};
