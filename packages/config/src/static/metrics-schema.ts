// `metrics` (observability.md section 2): keys, defaults and meaning. Back ends that metrics are pushed to are in
// unsupported-static.ts.

import { z } from 'zod';
import type { MetricsConfiguration } from '../model/metrics-configuration.ts';
import { numberListSchema } from '../schema/lists.ts';
import { mayBeEmpty } from '../schema/section.ts';

/** Each costs every histogram of every slot eight bytes. */
const BUCKETS_MAX = 100;
/** They share the room that a row has for values. */
const HEADER_LABELS_MAX = 16;
/** Labels that the counters have anyway. */
const OWN_LABELS: ReadonlySet<string> = new Set(['code', 'method', 'protocol', 'entrypoint', 'router', 'service']);
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const flag = (standard: boolean, text: string) => z.boolean().default(standard).describe(text);

const buckets = numberListSchema()
  .superRefine((bounds, context) => {
    const complain = (message: string) => context.addIssue({ code: 'custom', message });
    if (bounds.length === 0) complain('must have at least one bound');
    if (bounds.length > BUCKETS_MAX) complain(`may have at most ${BUCKETS_MAX} bounds, not ${bounds.length}`);
    const wrong = bounds.findIndex((bound, index) => index > 0 && bound <= bounds[index - 1]!);
    if (wrong !== -1) complain(`must be ascending: ${bounds[wrong]} comes after ${bounds[wrong - 1]}`);
  })
  .prefault([0.1, 0.3, 1.2, 5])
  .describe('Upper bounds of the buckets of all durations, in seconds, ascending; one without a bound is added.');

const headerLabels = z
  .record(z.string(), z.string({ error: 'must be the name of a request header' }), {
    error: 'must be a map of strings',
  })
  .superRefine((labels, context) => {
    const names = Object.keys(labels);
    if (names.length > HEADER_LABELS_MAX) {
      context.addIssue({
        code: 'custom',
        message: `may have at most ${HEADER_LABELS_MAX} labels, not ${names.length}`,
      });
    }
    for (const name of names) {
      const problem = labelProblem(name) ?? fieldProblem(labels[name]!);
      if (problem !== undefined) context.addIssue({ code: 'custom', path: [name], message: problem });
    }
  })
  .prefault({})
  .describe(
    'Further labels of the three counters of requests, by name: the request header whose first value they show. Anybody who sends requests can make up values: each slot keeps 4,096 sets of them, what is beyond is shown under empty ones.',
  );

const prometheus = mayBeEmpty(
  z.object({
    buckets,
    addEntryPointsLabels: flag(true, 'Count requests by entry point.'),
    addRoutersLabels: flag(false, 'Count requests by router.'),
    addServicesLabels: flag(true, 'Count requests by service.'),
    entryPoint: z
      .string()
      .min(1)
      .default('traefik')
      .describe('Entry point of the page `/metrics`. One named "traefik" is made at ":8080" when there is none.'),
    manualRouting: flag(false, 'Make no router for the page; a router of your own leads to `prometheus@internal`.'),
    headerLabels,
  }),
)
  .optional()
  .describe('Counters and histograms in the text format of Prometheus.');

export const metricsSchema = z
  .object({
    addInternals: flag(false, 'Also count requests to services of the program itself, such as `ping@internal`.'),
    prometheus,
  })
  .prefault({}) satisfies z.ZodType<MetricsConfiguration>;

function labelProblem(name: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'has a name that no label can have (letters, digits and "_")';
  if (name.startsWith('__')) return 'has a name that is reserved: it begins with "__"';
  return OWN_LABELS.has(name) ? 'has the name of a label that the counters have anyway' : undefined;
}

function fieldProblem(field: string): string | undefined {
  return FIELD_NAME.test(field) ? undefined : `must be the name of a request header, not ${JSON.stringify(field)}`;
}
