// The kinds of objects with routers and services, by protocol, and how one object of each is decoded. Everything that goes through
// objects of all kinds takes them from here; what an object means is not known here.

import type { z } from 'zod';
import type { DecodeOptions } from '../decode/decode-context.ts';
import { type DecodedObject, decodeObject, type ObjectLocation } from '../decode/decode-object.ts';
import type {
  MiddlewareConfiguration,
  RoutedConfiguration,
  ServiceConfiguration,
} from '../model/dynamic-configuration.ts';
import type { TcpServiceConfiguration } from '../model/tcp-configuration.ts';
import type { UdpServiceConfiguration } from '../model/udp-configuration.ts';
import type { SourceDocument, SourceNode } from '../source/source-node.ts';
import { namedTransportSchema } from '../static/servers-transport-schema.ts';
import { namedTcpTransportSchema } from '../static/tcp-transport-schema.ts';
import { decodeMiddleware, type MiddlewareTypes } from './decode-middleware.ts';
import { withRepairedHealthCheck } from './repair-health-check.ts';
import { routerSchema } from './router-schema.ts';
import { serviceSchema } from './service-schema.ts';
import { RENAMED_TCP_MIDDLEWARES, tcpMiddlewareTypes } from './tcp-middleware-types.ts';
import { tcpRouterSchema, udpRouterSchema } from './tcp-router-schema.ts';
import { tcpServiceSchema, udpServiceSchema } from './tcp-service-schema.ts';
import { KNOWN_TCP_MIDDLEWARE_TYPES } from './unsupported-dynamic.ts';

export type Protocol = keyof RoutedConfiguration;

/** In the order in which they are written. */
export const ROUTED_KINDS = {
  http: ['routers', 'services', 'middlewares', 'serversTransports'],
  tcp: ['routers', 'services', 'middlewares', 'serversTransports'],
  udp: ['routers', 'services'],
} as const satisfies { [Each in Protocol]: readonly (keyof RoutedConfiguration[Each])[] };

export const PROTOCOLS: readonly Protocol[] = ['http', 'tcp', 'udp'];

export interface ObjectSource {
  readonly node: SourceNode;
  readonly document: SourceDocument;
  readonly location: ObjectLocation;
  readonly options: DecodeOptions;
  /** Those of HTTP. */
  readonly middlewareTypes: MiddlewareTypes;
}

type Decode = (source: ObjectSource) => DecodedObject<unknown>;

const plain =
  <Value>(schema: z.ZodType<Value>) =>
  ({ node, document, location, options }: ObjectSource): DecodedObject<Value> =>
    decodeObject(schema, node, document, location, options);

const service =
  <Value extends ServiceConfiguration | TcpServiceConfiguration | UdpServiceConfiguration>(schema: z.ZodType<Value>) =>
  (source: ObjectSource): DecodedObject<Value> =>
    withRepairedHealthCheck(plain(schema)(source), source.node, source.document, source.location);

const middleware = ({ node, document, location, options, middlewareTypes }: ObjectSource) =>
  decodeMiddleware(node, document, location, options, middlewareTypes);

function tcpMiddleware({ node, document, location, options }: ObjectSource): DecodedObject<MiddlewareConfiguration> {
  const known = KNOWN_TCP_MIDDLEWARE_TYPES;
  const { value, diagnostics } = decodeMiddleware(node, document, location, options, tcpMiddlewareTypes, known);
  if (value === undefined) return { value, diagnostics };
  return { value: { ...value, type: RENAMED_TCP_MIDDLEWARES[value.type] ?? value.type }, diagnostics };
}

const DECODERS: Readonly<Record<Protocol, Readonly<Record<string, Decode>>>> = {
  http: {
    routers: plain(routerSchema),
    services: service<ServiceConfiguration>(serviceSchema),
    middlewares: middleware,
    serversTransports: plain(namedTransportSchema),
  },
  tcp: {
    routers: plain(tcpRouterSchema),
    services: service<TcpServiceConfiguration>(tcpServiceSchema),
    middlewares: tcpMiddleware,
    serversTransports: plain(namedTcpTransportSchema),
  },
  udp: { routers: plain(udpRouterSchema), services: service<UdpServiceConfiguration>(udpServiceSchema) },
};

/** @param kind one of `ROUTED_KINDS` of the protocol */
export function decodeOfKind(protocol: Protocol, kind: string, source: ObjectSource): DecodedObject<unknown> {
  return DECODERS[protocol][kind]!(source);
}

/** No object of any kind. */
export function emptyRouted(): RoutedConfiguration {
  return {
    http: { routers: {}, services: {}, middlewares: {}, serversTransports: {} },
    tcp: { routers: {}, services: {}, middlewares: {}, serversTransports: {} },
    udp: { routers: {}, services: {} },
  };
}
