// The four generated reference files: JSON Schema and Markdown for the static and the dynamic configuration.
// Text out; scripts/generate-reference.ts writes them and a test compares them with what is stored.

import { z } from 'zod';
import type { MiddlewareTypes } from '../dynamic/decode-middleware.ts';
import { routerSchema } from '../dynamic/router-schema.ts';
import { serviceSchema } from '../dynamic/service-schema.ts';
import { tcpMiddlewareTypes } from '../dynamic/tcp-middleware-types.ts';
import { tcpRouterSchema, udpRouterSchema } from '../dynamic/tcp-router-schema.ts';
import { tcpServiceSchema, udpServiceSchema } from '../dynamic/tcp-service-schema.ts';
import { namedTransportSchema } from '../static/servers-transport-schema.ts';
import { staticSchema } from '../static/static-schema.ts';
import { namedTcpTransportSchema } from '../static/tcp-transport-schema.ts';
import { certificateSchema, storeSchema } from '../tls/certificate-schema.ts';
import { tlsOptionsSchema } from '../tls/tls-options-schema.ts';
import { describeSchema, type SchemaKey } from './describe-schema.ts';
import { renderMarkdown } from './render-markdown.ts';

const STATIC_INTRODUCTION = `
Read once at start, from the first of these that is found and from no other: the file given with \`--configFile\`;
\`sluice.toml\`, \`sluice.yaml\` or \`sluice.yml\` in \`/etc/sluice\`, \`$XDG_CONFIG_HOME\`, \`$HOME/.config\` or the working
directory; flags (\`--entryPoints.web.address=:80\`); environment variables (\`SLUICE_ENTRYPOINTS_WEB_ADDRESS=:80\`).
\`--workers\` and \`--validation.unknownKeys\` can be combined with any of them.

Keys are matched without regard to case. A duration is a number with a unit (\`300ms\`, \`10s\`, \`1h30m\`) or a whole number
of seconds. A list of strings may also be one string with commas.
`;

const DYNAMIC_INTRODUCTION = `
Read from the providers and applied while running. Every object is checked alone: one that is not valid is left out and
reported with file, line and column, and its last good version stays in use.

Keys are matched without regard to case; names that you choose keep their spelling and must not contain \`@\`. A reference
without \`@\` means an object of the same provider; \`name@provider\` one of another.
`;

export interface ReferenceFile {
  /** Below `docs/reference/`. */
  readonly name: string;
  readonly content: string;
}

/** @param middlewareTypes those whose options are to be described */
export function referenceFiles(middlewareTypes: MiddlewareTypes): ReferenceFile[] {
  const dynamic = dynamicSchema(middlewareTypes);
  return [
    { name: 'static.schema.json', content: renderJsonSchema(staticSchema, 'Static configuration') },
    { name: 'dynamic.schema.json', content: renderJsonSchema(dynamic, 'Dynamic configuration') },
    { name: 'static-configuration.md', content: renderStaticPage() },
    { name: 'dynamic-configuration.md', content: renderDynamicPage(middlewareTypes) },
  ];
}

/** Keys of the static configuration, for help texts. */
export function describeStatic(): SchemaKey[] {
  return describeSchema(staticSchema);
}

function dynamicSchema(middlewareTypes: MiddlewareTypes): z.ZodType {
  const kind = (schema: z.ZodType) => z.record(z.string(), schema).optional();
  return z.object({
    http: z
      .object({
        routers: kind(routerSchema),
        services: kind(serviceSchema),
        middlewares: kind(middlewareSchema(middlewareTypes)),
        serversTransports: kind(namedTransportSchema),
      })
      .optional(),
    tcp: z
      .object({
        routers: kind(tcpRouterSchema),
        services: kind(tcpServiceSchema),
        middlewares: kind(middlewareSchema(tcpMiddlewareTypes)),
        serversTransports: kind(namedTcpTransportSchema),
      })
      .optional(),
    udp: z.object({ routers: kind(udpRouterSchema), services: kind(udpServiceSchema) }).optional(),
    tls: tlsSection.optional(),
  });
}

function middlewareSchema(types: MiddlewareTypes): z.ZodType {
  const byType = Object.fromEntries([...types].map(([type, { schema }]) => [type, schema.optional()]));
  return z.object(byType).meta({ minProperties: 1, maxProperties: 1 });
}

const tlsSection = z.object({
  certificates: z.array(certificateSchema).optional(),
  options: z.record(z.string(), tlsOptionsSchema).optional(),
  stores: z.record(z.string(), storeSchema).optional(),
});

function renderJsonSchema(schema: z.ZodType, title: string): string {
  const generated = z.toJSONSchema(schema.meta({ title }), {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'bigint') jsonSchema.type = 'integer';
    },
  });
  return `${JSON.stringify(generated, null, 2)}\n`;
}

function renderStaticPage(): string {
  const keys = describeStatic();
  const roots = [...new Set(keys.map(({ path }) => path.split('.')[0]!))];
  const sections = roots.map((root) => ({ title: root, keys: keys.filter(({ path }) => path.split('.')[0] === root) }));
  return renderMarkdown({ title: 'Static configuration', introduction: STATIC_INTRODUCTION, sections });
}

function renderDynamicPage(middlewareTypes: MiddlewareTypes): string {
  const named = (title: string, prefix: string, schema: z.core.$ZodType) => ({
    title,
    keys: describeSchema(schema).map((key) => ({ ...key, path: `${prefix}.${key.path}` })),
  });
  const tlsSections = [
    named('Certificates', 'tls.certificates[]', certificateSchema),
    named('TLS options', 'tls.options.<name>', tlsOptionsSchema),
    named('Certificate stores', 'tls.stores.<name>', storeSchema),
  ];
  const middlewares = (title: string, protocol: string, types: MiddlewareTypes) =>
    [...types].map(([type, { schema }]) => named(`${title} ${type}`, `${protocol}.middlewares.<name>.${type}`, schema));
  const sections = [
    named('Routers', 'http.routers.<name>', routerSchema),
    named('Services', 'http.services.<name>', serviceSchema),
    named('Servers transports', 'http.serversTransports.<name>', namedTransportSchema),
    ...tlsSections,
    ...middlewares('Middleware', 'http', middlewareTypes),
    named('TCP routers', 'tcp.routers.<name>', tcpRouterSchema),
    named('TCP services', 'tcp.services.<name>', tcpServiceSchema),
    named('TCP servers transports', 'tcp.serversTransports.<name>', namedTcpTransportSchema),
    ...middlewares('TCP middleware', 'tcp', tcpMiddlewareTypes),
    named('UDP routers', 'udp.routers.<name>', udpRouterSchema),
    named('UDP services', 'udp.services.<name>', udpServiceSchema),
  ];
  return renderMarkdown({ title: 'Dynamic configuration', introduction: DYNAMIC_INTRODUCTION, sections });
}
