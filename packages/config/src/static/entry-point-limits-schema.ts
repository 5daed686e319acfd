// `entryPoints.<name>.transport.limits`: how many clients an entry point takes, and how slow they may be. Our own: the
// compatible configuration has no such limits. What each means to a client is in docs/operations/limits.md.

import { z } from 'zod';
import { durationSchema } from '../schema/duration.ts';
import { boundedInteger } from '../schema/scalars.ts';

const count = () => boundedInteger({ min: 0, max: 2 ** 31 - 1 });

export const entryPointLimitsSchema = z
  .object({
    maxConnections: count()
      .default(0)
      .describe('Client connections at a time, over all workers; more are closed at once. 0: no limit.'),
    maxConnectionsPerClient: count()
      .default(0)
      .describe(
        'Connections at a time of one client address (of one /64 network with IPv6), over all workers; more are closed at once. 0: no limit.',
      ),
    minReceiveBytesPerSecond: count()
      .default(0)
      .describe('A client that sends its request body more slowly for slowClientGrace is cut off. 0: no limit.'),
    minSendBytesPerSecond: count()
      .default(240)
      .describe('A client that takes what is ready for it more slowly for slowClientGrace is cut off. 0: no limit.'),
    slowClientGrace: durationSchema({ minMs: 1_000 })
      .prefault('60s')
      .describe('How long a client may stand still or be too slow; it is earned back by being faster.'),
  })
  .prefault({})
  .describe('Bounds for clients. Not part of the compatible configuration.');
