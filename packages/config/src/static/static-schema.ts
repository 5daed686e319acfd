// The whole static configuration: keys, defaults and meaning in one place. Cross-checks between sections are in
// `check-static.ts`; keys known but not supported are in `unsupported-static.ts`.

import { z } from 'zod';
import type { StaticConfiguration } from '../model/static-configuration.ts';
import { durationSchema } from '../schema/duration.ts';
import { stringListSchema } from '../schema/lists.ts';
import { boundedInteger } from '../schema/scalars.ts';
import { mayBeEmpty } from '../schema/section.ts';
import { accessLogSchema } from './access-log-schema.ts';
import { entryPointSchema } from './entry-point-schema.ts';
import { metricsSchema } from './metrics-schema.ts';
import { ocspSchema } from './ocsp-schema.ts';
import { pingSchema } from './ping-schema.ts';
import { staticTransportSchema } from './servers-transport-schema.ts';
import { staticTcpTransportSchema } from './tcp-transport-schema.ts';

/** Tie-break between providers for routers of equal priority, best first (static-config.md section 4). */
export const DEFAULT_PRECEDENCE: readonly string[] = [
  'kubernetesgateway',
  'kubernetescrd',
  'kubernetes',
  'kubernetesingressnginx',
  'swarm',
  'docker',
  'file',
  'redis',
  'knative',
  'consul',
  'consulcatalog',
  'nomad',
  'etcd',
  'ecs',
  'http',
  'zookeeper',
  'rest',
];

const precedence = stringListSchema()
  .transform((names) => names.map((name) => name.toLowerCase()))
  .superRefine((names, context) => {
    for (const name of names) {
      if (DEFAULT_PRECEDENCE.includes(name)) continue;
      context.addIssue({
        code: 'custom',
        message: `names no provider "${name}"; known: ${DEFAULT_PRECEDENCE.join(', ')}`,
      });
    }
  })
  .prefault([...DEFAULT_PRECEDENCE])
  .describe('Order of providers for routers of equal priority, best first.');

const fileProvider = z
  .object({
    filename: z.string().min(1).optional().describe('One dynamic configuration file (.yaml, .yml, .toml).'),
    directory: z.string().min(1).optional().describe('All such files in it and below; wins over `filename`.'),
    watch: z.boolean().default(true).describe('Reload when files change.'),
  })
  .superRefine((value, context) => {
    if (value.filename !== undefined || value.directory !== undefined) return;
    context.addIssue({ code: 'custom', message: 'needs "filename" or "directory"' });
  })
  .optional()
  .describe('Dynamic configuration from files.');

const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'PANIC'] as const;

const log = mayBeEmpty(
  z.object({
    level: z
      .preprocess((value) => (typeof value === 'string' ? value.toUpperCase() : value), z.enum(LOG_LEVELS))
      .prefault('INFO')
      .describe('Least severe level that is written. Any case.'),
    format: z.enum(['common', 'json']).default('common').describe('Text for people, or one JSON object a line.'),
    filePath: z.string().default('').describe('File to write to; empty: standard output.'),
  }),
).prefault({});

/** Names cannot contain what separates them from providers, or paths. */
const entryPointName = z.string().regex(/^[^@\s/]+$/, { error: 'must be a name without "@", "/" and spaces' });

export const staticSchema = z.object({
  entryPoints: z
    .record(entryPointName, entryPointSchema)
    .prefault({})
    .describe('Where to listen, by name. Without any: one named "http" at ":80".'),
  providers: z
    .object({
      providersThrottleDuration: durationSchema()
        .prefault('2s')
        .describe('Least time between two configurations applied from one provider.'),
      precedence,
      file: fileProvider,
    })
    .prefault({}),
  serversTransport: staticTransportSchema
    .prefault({})
    .describe('Connections to servers of services without a transport of their own.'),
  tcpServersTransport: staticTcpTransportSchema.prefault({}).describe('The same for services of TCP.'),
  log,
  accessLog: accessLogSchema,
  metrics: metricsSchema,
  ping: pingSchema,
  ocsp: ocspSchema,
  workers: boundedInteger({ min: 0, max: 1_024 })
    .default(0)
    .describe('Number of worker processes; 0: one per core. Not part of the compatible configuration.'),
  limits: z
    .object({
      maxBufferedBytesPerWorker: boundedInteger({ min: 0, max: 2 ** 40 })
        .default(268_435_456)
        .describe(
          'Bytes that one worker keeps for slow or talkative peers; beyond, who wants more is turned away. 0: no limit.',
        ),
    })
    .prefault({})
    .describe('Bounds of the whole process. Not part of the compatible configuration.'),
  validation: z
    .object({
      unknownKeys: z
        .enum(['error', 'warn'])
        .default('error')
        .describe(
          'What an unknown key does: refuse the object it is in, or only a warning. Not part of the compatible configuration.',
        ),
    })
    .prefault({}),
}) satisfies z.ZodType<StaticConfiguration>;

/** Root keys of the reference, ours included, also those not supported yet: what environment variables are matched with. */
export const STATIC_ROOT_KEYS: readonly string[] = [
  'entryPoints',
  'providers',
  'serversTransport',
  'tcpServersTransport',
  'log',
  'accessLog',
  'api',
  'ping',
  'metrics',
  'tracing',
  'certificatesResolvers',
  'global',
  'hostResolver',
  'core',
  'spiffe',
  'ocsp',
  'experimental',
  'pilot',
  'workers',
  'limits',
  'validation',
];
