// `entryPoints.<name>.http.redirections` (static-config.md section 2): every request that comes in plain is sent elsewhere.
// That the entry point it names exists is checked in check-redirections.ts.

import { z } from 'zod';
import type { RedirectionsConfiguration } from '../model/static-configuration.ts';
import { addCodedIssue } from '../schema/issue.ts';
import { prioritySchema } from '../schema/priority.ts';

/** After routers of our own pages, before every router of a user: 2^63-2, which JSON has no number for. */
const STANDARD_PRIORITY = '9223372036854775806';
const PRIORITY_MAX = 2n ** 63n - 1n;

const target = z
  .string()
  .superRefine((value, context) => {
    if (value.trim() === '') addCodedIssue(context, 'CONFIG_MISSING', 'must not be empty');
    else if (value.startsWith(':') && redirectionPort(value) === undefined) {
      context.addIssue({ code: 'custom', message: 'must be the name of an entry point, or a port such as ":443"' });
    }
  })
  .describe('Where to: the name of an entry point, or a port such as ":443".');

export const redirectionsSchema = z
  .object({
    entryPoint: z
      .object({
        to: target,
        scheme: z
          .string()
          .regex(/^[a-z][a-z0-9+.-]*$/i, { error: 'must be a URL scheme such as "https"' })
          .default('https')
          .describe('Scheme to redirect to.'),
        permanent: z.boolean().default(true).describe('301 and 308 instead of 302 and 307.'),
        priority: prioritySchema(PRIORITY_MAX)
          .prefault(STANDARD_PRIORITY)
          .describe(
            'Priority of the router that redirects; by default before every other one; 0: the length of its rule.',
          ),
      })
      .optional()
      .describe('Redirect every request that names a host.'),
  })
  .optional()
  .describe('Where requests that arrive here are to go instead.') satisfies z.ZodType<
  RedirectionsConfiguration | undefined
>;

/** The port of `:443`; undefined for anything else. */
export function redirectionPort(to: string): number | undefined {
  const digits = /^:(\d{1,5})$/.exec(to)?.[1];
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? port : undefined;
}
