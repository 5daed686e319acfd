// `accessLog` (observability.md section 3): keys, defaults and meaning. What is done with them is the business of the
// package that writes the lines.

import { z } from 'zod';
import type { AccessLogConfiguration } from '../model/access-log-configuration.ts';
import { durationSchema } from '../schema/duration.ts';
import { stringListSchema } from '../schema/lists.ts';
import { boundedInteger } from '../schema/scalars.ts';
import { mayBeEmpty, typeNamed } from '../schema/section.ts';

const FIELD_MODES = ['keep', 'drop'] as const;
const HEADER_MODES = ['keep', 'drop', 'redact'] as const;
const STATUS_FORM = 'must be status codes from 100 to 999 or ranges of them, such as "200" or "300-302"';

const statusCodes = stringListSchema()
  .superRefine((entries, context) => {
    for (const [index, entry] of entries.entries()) {
      if (isStatusRange(entry)) continue;
      context.addIssue({ code: 'custom', message: `${STATUS_FORM}, not ${JSON.stringify(entry)}`, path: [index] });
    }
  })
  .prefault([])
  .describe('Keep requests answered with one of these status codes: "200", or an inclusive range such as "300-302".');

const filters = z
  .object({
    statusCodes,
    retryAttempts: z.boolean().default(false).describe('Keep requests that were tried again at least once.'),
    minDuration: durationSchema().prefault('0s').describe('Keep requests that took longer; 0: no such filter.'),
  })
  .prefault({})
  .describe('A line is written when any of these filters says so. Without any, every request gets one.');

const headers = z
  .object({
    defaultMode: z.enum(HEADER_MODES).default('drop').describe('What happens to headers that are not named.'),
    names: typeNamed('map of modes', z.record(z.string(), z.enum(HEADER_MODES)))
      .prefault({})
      .describe('Header name, in any case: keep, drop or redact.'),
  })
  .prefault({})
  .describe('Headers of requests and responses; `redact` keeps the name and hides the value.');

const fields = z
  .object({
    defaultMode: z.enum(FIELD_MODES).default('keep').describe('What happens to fields that are not named.'),
    names: typeNamed('map of modes', z.record(z.string(), z.enum(FIELD_MODES)))
      .prefault({})
      .describe('Field name, in any case: keep or drop.'),
    headers,
    queryParameters: z
      .object({
        defaultMode: z.enum(FIELD_MODES).default('keep').describe('drop: RequestPath ends before the "?".'),
      })
      .prefault({}),
  })
  .prefault({});

const section = z.object({
  filePath: z
    .string()
    .default('')
    .describe('File to append to, opened anew on SIGUSR1; missing folders are made. Empty: standard output.'),
  format: z
    .enum(['common', 'genericCLF', 'json'])
    .default('common')
    .describe('Common log format with or without our own columns, or one JSON object a line.'),
  bufferingSize: boundedInteger({ min: 0, max: 2 ** 31 - 1 })
    .default(0)
    .describe('Lines to collect before they are written, at most for a second; 0: they are written at once.'),
  addInternals: z
    .boolean()
    .default(false)
    .describe('Also requests to services of Sluice itself, such as api@internal.'),
  addTcp: z
    .boolean()
    .default(false)
    .describe('Also a line for each connection of a TCP router, at its end. Not part of the compatible configuration.'),
  filters,
  fields,
}) satisfies z.ZodType<AccessLogConfiguration>;

export const accessLogSchema = mayBeEmpty(section)
  .optional()
  .describe('One line for each request. Without this section there is no access log.');

/** `200` or `300-302`. */
function isStatusRange(text: string): boolean {
  const [, first, last = first] = /^([1-9]\d{2})(?:-([1-9]\d{2}))?$/.exec(text.trim()) ?? [];
  return first !== undefined && Number(first) <= Number(last);
}
