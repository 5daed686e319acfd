export type { DecodeOptions } from './decode/decode-context.ts';
export { nearestKey } from './decode/nearest-key.ts';
export {
  type DecodedDynamic,
  type DynamicSource,
  decodeDynamic,
  type HttpObjectKind,
} from './dynamic/decode-dynamic.ts';
export type { MiddlewareTypeSchema, MiddlewareTypes } from './dynamic/decode-middleware.ts';
export { emptyRouted, PROTOCOLS, type Protocol, ROUTED_KINDS } from './dynamic/object-kinds.ts';
export { ROUTER_PRIORITY_MAX } from './dynamic/router-schema.ts';
export type * from './model/access-log-configuration.ts';
export type * from './model/dynamic-configuration.ts';
export type * from './model/metrics-configuration.ts';
export type * from './model/static-configuration.ts';
export type * from './model/tcp-configuration.ts';
export type * from './model/tls-configuration.ts';
export type * from './model/udp-configuration.ts';
export { describeSchema, type SchemaKey } from './reference/describe-schema.ts';
export { describeStatic, type ReferenceFile, referenceFiles } from './reference/reference-pages.ts';
export { checkReferences, type ReferenceReport } from './references/check-references.ts';
export {
  checkStreamReferences,
  type StreamReferenceReport,
  type UnusableObjects,
} from './references/check-stream-references.ts';
export { checkTlsReferences, type TlsReferenceReport, type TlsReferences } from './references/check-tls-references.ts';
export { defaultEntryPoints, isUdp, tcpEntryPoints, udpEntryPoints } from './references/default-entry-points.ts';
export {
  ALL_INTERNAL_SERVICES,
  INTERNAL_PROVIDER,
  internalObjects,
  isInternalService,
  NOOP_SERVICE,
} from './references/internal-objects.ts';
export { type MergedTls, mergeTls, type ProvidedCertificate } from './references/merge-tls.ts';
export { type MiddlewareReferences, middlewareReferences } from './references/middleware-references.ts';
export { qualifyName, qualifyNames, qualifyRouted, qualifyTls, qualifyTlsOptions } from './references/qualify-names.ts';
export { hasRedirections } from './references/redirections.ts';
export {
  childServices,
  type ServiceProblem,
  ServiceTree,
  STREAM_SERVICE_LEVELS_MAX,
} from './references/service-tree.ts';
export { DEFAULT_TCP_TRANSPORT, DEFAULT_TRANSPORT } from './references/transport-name.ts';
export { type DurationBounds, durationSchema, parseDuration } from './schema/duration.ts';
export { addCodedIssue } from './schema/issue.ts';
export { splitList, stringListSchema, stringMapSchema } from './schema/lists.ts';
export {
  cidrListSchema,
  type EntryPointAddress,
  isHostName,
  isIpOrCidr,
  parseEntryPointAddress,
} from './schema/network.ts';
export { boundedInteger, type IntegerBounds, lenientBoolean, lenientInteger, parseBoolean } from './schema/scalars.ts';
export { mayBeEmpty } from './schema/section.ts';
export { type HostAndPort, parseServerAddress } from './schema/server-address.ts';
export { type ConfigurationFormat, formatOfFile } from './source/parse-source.ts';
export { ACCESS_LOG_FIELDS, type AccessLogField } from './static/access-log-fields.ts';
export {
  decodeStaticText,
  type LoadedStatic,
  loadStaticConfiguration,
  type StaticSource,
  type StaticSources,
} from './static/load-static.ts';
export { DEFAULT_PRECEDENCE } from './static/static-schema.ts';
export { certificatePath } from './tls/certificate-path.ts';
export { DEFAULT_STORE } from './tls/certificate-schema.ts';
export { DEFAULT_CIPHER_SUITES, opensslSuite } from './tls/cipher-suites.ts';
export { CURVE_NAMES, findCurve } from './tls/curves.ts';
export { EMPTY_TLS } from './tls/decode-tls.ts';
export { DEFAULT_TLS_OPTIONS } from './tls/router-tls-schema.ts';
export { BUILT_IN_TLS_OPTIONS } from './tls/tls-options-schema.ts';
export { isVersionOrder } from './tls/tls-values.ts';
