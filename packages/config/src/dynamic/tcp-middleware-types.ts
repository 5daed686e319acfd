// `tcp.middlewares.<name>` (tcp-udp.md section 10): the types there are, and their options. They run in the data path; a deprecated
// name is replaced while decoding, so that nothing behind this file knows it.

import { z } from 'zod';
import { cidrListSchema } from '../schema/network.ts';
import { boundedInteger } from '../schema/scalars.ts';
import type { MiddlewareTypeSchema, MiddlewareTypes } from './decode-middleware.ts';

const ipAllowList = z.object({
  sourceRange: cidrListSchema()
    .refine((ranges) => ranges.length > 0, { error: 'must name at least one IP address or network' })
    .describe('IPs and networks of clients whose connections are taken; others are closed.'),
});

const inFlightConn = z.object({
  amount: boundedInteger({ min: 0, max: 2 ** 31 - 1 })
    .default(0)
    .describe('Connections at a time of one client address; more are closed at once. 0: all are.'),
});

const TYPES: readonly MiddlewareTypeSchema[] = [
  { type: 'inFlightConn', schema: inFlightConn },
  { type: 'ipAllowList', schema: ipAllowList },
  { type: 'ipWhiteList', schema: ipAllowList },
];

export const tcpMiddlewareTypes: MiddlewareTypes = new Map(TYPES.map((each) => [each.type, each]));

/** Deprecated type → what it is called now. */
export const RENAMED_TCP_MIDDLEWARES: Readonly<Record<string, string>> = { ipWhiteList: 'ipAllowList' };
