// The one table of static keys that are known from the reference and not supported by this version yet, and of options the
// reference has removed. A severity is `error` where going on without the key would serve traffic wrongly or unsafely.

import { UnsupportedKeys, type UnsupportedRule } from '../decode/unsupported-keys.ts';
import { parseBoolean } from '../schema/scalars.ts';
import { findEntry, type SourceNode } from '../source/source-node.ts';

const OTHER_PROVIDERS = [
  'docker',
  'swarm',
  'kubernetesIngress',
  'kubernetesIngressNGINX',
  'kubernetesCRD',
  'kubernetesGateway',
  'knative',
  'rest',
  'consulCatalog',
  'nomad',
  'ecs',
  'consul',
  'etcd',
  'zooKeeper',
  'redis',
  'http',
  'plugin',
];

const KEYS: Readonly<Record<string, UnsupportedRule>> = {
  api: 'warning',
  tracing: 'warning',
  certificatesResolvers: 'warning',
  global: 'warning',
  spiffe: 'warning',
  experimental: 'warning',
  'tcpServersTransport.tls.spiffe': 'warning',
  hostResolver: (node) => (isOn(findEntry(node, 'cnameFlattening')?.node) ? 'error' : 'warning'),
  core: (node) => (textOf(findEntry(node, 'defaultRuleSyntax')?.node) === 'v2' ? 'error' : 'warning'),
  'log.noColor': 'warning',
  'log.maxSize': 'warning',
  'log.maxAge': 'warning',
  'log.maxBackups': 'warning',
  'log.compress': 'warning',
  'log.otlp': 'warning',
  'accessLog.otlp': 'warning',
  'metrics.datadog': 'warning',
  'metrics.statsD': 'warning',
  'metrics.influxDB2': 'warning',
  'metrics.otlp': 'warning',
  'accessLog.dualOutput': 'warning',
  ...Object.fromEntries(OTHER_PROVIDERS.map((name) => [`providers.${name}`, 'warning' as const])),
  'providers.file.debugLogGeneratedTemplate': 'warning',
  'serversTransport.spiffe': 'warning',
  'entryPoints.*.allowACMEByPass': 'warning',
  'entryPoints.*.observability.tracing': 'warning',
  'entryPoints.*.observability.traceVerbosity': 'warning',
  'entryPoints.*.http3': 'error',
};

export const unsupportedStaticKeys = new UnsupportedKeys(KEYS);

const TLS_CA_OPTIONAL = 'remove it: whether a certificate authority is needed follows from the other tls keys';
const NAMESPACES = 'use "namespaces", a list';
const TRACING = 'use tracing.otlp';

/** Path pattern → what replaces it. The reference refuses to start with any of these (static-config.md 1.6). */
export const REMOVED_STATIC_KEYS: Readonly<Record<string, string>> = {
  pilot: 'the service it talked to no longer exists; remove it',
  'experimental.http3': 'HTTP/3 is switched on per entry point with entryPoints.<name>.http3',
  'providers.marathon': 'the provider has no successor; remove it',
  'providers.rancher': 'use the Kubernetes or docker provider',
  'providers.docker.swarmMode': 'use providers.swarm',
  'providers.docker.tls.caOptional': TLS_CA_OPTIONAL,
  'providers.swarm.tls.caOptional': TLS_CA_OPTIONAL,
  'providers.consul.tls.caOptional': TLS_CA_OPTIONAL,
  'providers.consulCatalog.endpoint.tls.caOptional': TLS_CA_OPTIONAL,
  'providers.nomad.endpoint.tls.caOptional': TLS_CA_OPTIONAL,
  'providers.etcd.tls.caOptional': TLS_CA_OPTIONAL,
  'providers.redis.tls.caOptional': TLS_CA_OPTIONAL,
  'providers.http.tls.caOptional': TLS_CA_OPTIONAL,
  'providers.consul.namespace': NAMESPACES,
  'providers.consulCatalog.namespace': NAMESPACES,
  'providers.nomad.namespace': NAMESPACES,
  'tracing.spanNameLimit': 'remove it: span names are no longer shortened',
  'tracing.jaeger': TRACING,
  'tracing.zipkin': TRACING,
  'tracing.datadog': TRACING,
  'tracing.instana': TRACING,
  'tracing.haystack': TRACING,
  'tracing.elastic': TRACING,
};

function textOf(node: SourceNode | undefined): string | undefined {
  return node?.kind === 'scalar' ? node.text : undefined;
}

function isOn(node: SourceNode | undefined): boolean {
  return node?.kind === 'scalar' && parseBoolean(node.text) !== false;
}
