// Configuration objects for tests, from the same schemas and defaults that users get.

import {
  decodeDynamic,
  decodeStaticText,
  type EntryPointConfiguration,
  type HttpConfiguration,
  qualifyRouted,
  type RoutedConfiguration,
  type ServersTransportConfiguration,
} from '@sluice/config';
import { formatDiagnostic } from '@sluice/errors';
import { type MiddlewareType, middlewareTypes } from '@sluice/middlewares';

export const DEFAULT_TRANSPORT: ServersTransportConfiguration = {
  maxIdleConnsPerHost: 200,
  maxConnsPerServer: 0,
  maxQueuedPerServer: 1_024,
  forwardingTimeouts: { dialTimeout: 30_000, queueTimeout: 30_000, responseHeaderTimeout: 0, idleConnTimeout: 90_000 },
};

/** An entry point with all defaults. */
export function defaultEntryPoint(): EntryPointConfiguration {
  const { configuration } = decodeStaticText('entryPoints: { web: { address: ":0" } }', 'yaml', 'test.yaml');
  return configuration.entryPoints.web;
}

/** Dynamic configuration text (YAML) as the compiler takes it, with names of the provider `file`. @throws for any mistake. */
export function dynamicConfiguration(
  text: string,
  types: ReadonlyMap<string, MiddlewareType> = middlewareTypes,
): HttpConfiguration {
  return routedConfiguration(text, types).http;
}

/** The same for all protocols. @throws for any mistake. */
export function routedConfiguration(
  text: string,
  types: ReadonlyMap<string, MiddlewareType> = middlewareTypes,
): RoutedConfiguration {
  const { http, tcp, udp, diagnostics } = decodeDynamic({
    text,
    format: 'yaml',
    file: 'test.yaml',
    middlewareTypes: types,
    unknownKeys: 'error',
  });
  if (diagnostics.length > 0) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
  return qualifyRouted('file', { http, tcp, udp });
}
