// The schemas of everything in a dynamic configuration, with the TLS keys that a version accepts. Built once for each.

import type { z } from 'zod';
import type { UnsupportedKeys } from '../decode/unsupported-keys.ts';
import type { RouterConfiguration } from '../model/dynamic-configuration.ts';
import type { ServersTransportConfiguration } from '../model/static-configuration.ts';
import { serversTransportSchema } from '../static/servers-transport-schema.ts';
import { TLS_SUPPORT, type TlsSupport } from '../tls/tls-support.ts';
import { routerSchema } from './router-schema.ts';
import { unsupportedDynamicKeys } from './unsupported-dynamic.ts';

export interface DynamicSchemas {
  readonly router: z.ZodType<RouterConfiguration>;
  readonly serversTransport: z.ZodType<ServersTransportConfiguration>;
  /** Is there a section `tls`? */
  readonly hasTls: boolean;
  readonly unsupportedKeys: UnsupportedKeys;
}

export function dynamicSchemasWith(support: TlsSupport): DynamicSchemas {
  if (support === TLS_SUPPORT) return dynamicSchemas;
  return build(support);
}

function build(support: TlsSupport): DynamicSchemas {
  return {
    router: routerSchema(support),
    serversTransport: serversTransportSchema('named', support),
    hasTls: support.downstream,
    unsupportedKeys: unsupportedDynamicKeys(support),
  };
}

/** Those of this version. */
export const dynamicSchemas = build(TLS_SUPPORT);
