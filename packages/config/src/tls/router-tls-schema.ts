// `tls` of routers of HTTP and TCP, and `http.tls` of entry points: which options, which resolver, which names (tls-acme.md sections
// 4 and 5.1). Whether what is named exists is asked elsewhere.

import { z } from 'zod';
import type { TcpRouterTlsConfiguration } from '../model/tcp-configuration.ts';
import type { RouterTlsConfiguration, TlsDomainConfiguration } from '../model/tls-configuration.ts';
import { stringListSchema } from '../schema/lists.ts';
import { isHostName } from '../schema/network.ts';
import { mayBeEmpty } from '../schema/section.ts';

/** The set that needs no provider behind its name, and may have none. */
export const DEFAULT_TLS_OPTIONS = 'default';

const optionsName = z.string().superRefine((value, context) => {
  if (!value.startsWith(`${DEFAULT_TLS_OPTIONS}@`)) return;
  context.addIssue({ code: 'custom', message: 'must be "default" without a provider: there is only one such set' });
});

/** Entry points belong to no provider. */
const qualifiedOptionsName = optionsName.superRefine((value, context) => {
  if (value === '' || value === DEFAULT_TLS_OPTIONS || /^[^@]+@[^@]+$/.test(value)) return;
  context.addIssue({
    code: 'custom',
    message: `must be a qualified name such as "${value.split('@')[0]}@file", or "default"`,
  });
});

/** Trimmed, lower case, without a dot at the end. */
function normalName(name: string): string {
  return name.trim().toLowerCase().replace(/\.$/, '');
}

function nameFault(name: string): string | undefined {
  const bare = name.startsWith('*.') ? name.slice(2) : name;
  if (isHostName(bare)) return undefined;
  return `must be host names such as "example.com" or "*.example.com", not "${name.slice(0, 100)}"`;
}

const domain = z
  .object({
    main: z.string().default('').describe('First name of the certificate.'),
    sans: stringListSchema().prefault([]).describe('Further names.'),
  })
  .transform(({ main, sans }, context): TlsDomainConfiguration => {
    const names = { main: normalName(main), sans: sans.map(normalName).filter((name) => name !== '') };
    for (const [key, name] of [['main', names.main], ...names.sans.map((san) => ['sans', san])] as [string, string][]) {
      const fault = name === '' ? undefined : nameFault(name);
      if (fault !== undefined) context.addIssue({ code: 'custom', path: [key], message: fault });
    }
    const [first = '', ...rest] = names.sans;
    return names.main === '' ? { main: first, sans: rest } : names;
  });

const keys = (options: z.ZodType<string, string>) => ({
  options: options.default('').describe('Set of TLS options; empty: the one named "default".'),
  certResolver: z.string().default('').describe('Resolver that obtains certificates; empty: none.'),
  domains: z
    .array(domain, { error: 'must be a list of sections with main and sans' })
    .default([])
    // An entry without any name asks for nothing.
    .transform((domains) => domains.filter(({ main }) => main !== ''))
    .describe('Names to obtain certificates for, instead of those in rules.'),
});

function routerTls(options: z.ZodType<string, string>) {
  return mayBeEmpty(z.object(keys(options))) satisfies z.ZodType<RouterTlsConfiguration>;
}

export const routerTlsSchema = routerTls(optionsName)
  .optional()
  .describe('It takes requests over TLS, and no others. May be empty.');

export const tcpRouterTlsSchema = mayBeEmpty(
  z.object({
    passthrough: z
      .boolean()
      .default(false)
      .describe('Bytes go to the server as they are: TLS is its business, and the other keys have no effect.'),
    ...keys(optionsName),
  }),
)
  .optional()
  .describe('It takes connections over TLS, and no others. May be empty.') satisfies z.ZodType<
  TcpRouterTlsConfiguration | undefined
>;

export const entryPointTlsSchema = routerTls(qualifiedOptionsName)
  .optional()
  .describe('TLS for its routers that say nothing of TLS themselves.');
