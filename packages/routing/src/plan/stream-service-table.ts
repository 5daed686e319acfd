// The services and transports of TCP and UDP in a snapshot: addresses taken apart, and what a service and its transport say together
// settled. Chooses no server and opens no connection. Passwords of health checks stay here: workers have no use for them.

import {
  childServices,
  DEFAULT_TCP_TRANSPORT,
  parseServerAddress,
  ServiceTree,
  type TcpLoadBalancerConfiguration,
  type TcpServersTransportConfiguration,
  type TcpServiceConfiguration,
  type UdpLoadBalancerConfiguration,
  type UdpServiceConfiguration,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import type { TcpServersServiceRecord, UdpServerRecord, UdpServersServiceRecord } from '../snapshot/stream-records.ts';
import { tcpTransportKey } from '../tls/transport-key.ts';
import { canonicalJson, contentHash, textHash } from './canonical-json.ts';
import { streamServerKey } from './compilation-input.ts';
import type { StreamServiceSource } from './configuration-objects.ts';
import type { ServiceText, StreamServicePlan } from './stream-plan.ts';

type StatusRow = (key: string) => number;
type ServersContent<Record> = Omit<Record, 'index' | 'name' | 'hash' | 'transport'>;

export class TransportTable {
  readonly plans: ServiceText[] = [];
  readonly configurations: Readonly<Record<string, TcpServersTransportConfiguration>>;
  private readonly indices = new Map<string, number>();

  constructor(
    transports: ReadonlyMap<string, TcpServersTransportConfiguration>,
    defaultTransport: TcpServersTransportConfiguration,
  ) {
    const all = { ...Object.fromEntries(transports), [DEFAULT_TCP_TRANSPORT]: defaultTransport };
    this.configurations = all;
    for (const [name, transport] of Object.entries(all)) {
      this.indices.set(name, this.plans.length);
      const { dialTimeout, dialKeepAlive } = transport;
      const json = canonicalJson({
        dialTimeoutMs: dialTimeout,
        keepAliveMs: dialKeepAlive,
        tlsKey: tcpTransportKey(name),
      });
      this.plans.push({ name, hash: contentHash({ name, transport }), json });
    }
  }

  indexOf(name: string): number {
    return this.indices.get(name) ?? -1;
  }
}

/** Services of one protocol. */
export class StreamServiceTable {
  readonly plans: StreamServicePlan[] = [];
  readonly diagnostics: Diagnostic[] = [];
  private readonly indices = new Map<string, number>();

  /** @param textOf what is to be written of a service; may keep it beside the source */
  constructor(
    protocol: 'tcp' | 'udp',
    sources: ReadonlyMap<string, StreamServiceSource>,
    transports: TransportTable | undefined,
    textOf: (name: string, source: StreamServiceSource) => ServiceText,
  ) {
    const services = Object.fromEntries([...sources].map(([name, { configuration }]) => [name, configuration]));
    const tree = new ServiceTree(services, transports?.configurations ?? {});
    for (const { name, code, message } of tree.problems) {
      this.diagnostics.push({ code, severity: 'error', message, object: `${protocol}.services.${name}` });
    }
    const usable = [...sources].filter(([name]) => !tree.unusable.has(name));
    for (const [name] of usable) this.indices.set(name, this.indices.size);
    for (const [name, source] of usable) {
      const { configuration } = source;
      const isLeaf = configuration.loadBalancer !== undefined && transports !== undefined;
      const transport = isLeaf ? transports.indexOf(transportName(configuration)) : -1;
      const children = childServices(configuration).map((child) => this.find(child));
      this.plans.push({ text: textOf(name, source), transport, children });
    }
  }

  /** Index of a service by its qualified name; -1 when there is none, or it cannot be used. */
  find(name: string): number {
    return this.indices.get(name) ?? -1;
  }
}

export function tcpServiceTable(
  sources: ReadonlyMap<string, StreamServiceSource<TcpServiceConfiguration>>,
  transports: TransportTable,
  statusRow: StatusRow,
): StreamServiceTable {
  return new StreamServiceTable('tcp', sources, transports, (name, source) => {
    const transport = transports.configurations[transportName(source.configuration)];
    if (source.text === undefined || source.transport !== transport) {
      source.text = serviceText(name, source.configuration, (loadBalancer) =>
        tcpContent(name, loadBalancer as TcpLoadBalancerConfiguration, transport!, statusRow),
      );
      source.transport = transport;
    }
    return source.text;
  });
}

export function udpServiceTable(
  sources: ReadonlyMap<string, StreamServiceSource<UdpServiceConfiguration>>,
  statusRow: StatusRow,
): StreamServiceTable {
  return new StreamServiceTable('udp', sources, undefined, (name, source) => {
    source.text ??= serviceText(name, source.configuration, (loadBalancer) =>
      udpContent(name, loadBalancer, statusRow),
    );
    return source.text;
  });
}

function transportName({ loadBalancer }: TcpServiceConfiguration | UdpServiceConfiguration): string {
  if (loadBalancer === undefined || !('serversTransport' in loadBalancer)) return DEFAULT_TCP_TRANSPORT;
  return loadBalancer.serversTransport === '' ? DEFAULT_TCP_TRANSPORT : loadBalancer.serversTransport;
}

function serviceText(
  name: string,
  configuration: TcpServiceConfiguration | UdpServiceConfiguration,
  content: (loadBalancer: TcpLoadBalancerConfiguration | UdpLoadBalancerConfiguration) => object,
): ServiceText {
  const { loadBalancer, weighted } = configuration;
  const names = childServices(configuration);
  let written: object;
  if (loadBalancer !== undefined) written = content(loadBalancer);
  else if (weighted !== undefined) {
    const { services, healthCheck } = weighted;
    const weights = services.map(({ weight }) => weight);
    written = { kind: 'weighted', names, weights, skipsUnhealthy: healthCheck !== undefined };
  } else written = { kind: 'failover', names };
  const json = canonicalJson(written);
  const transport = transportName(configuration);
  return { name, json, hash: textHash(`${name}\n${transport}\n${json}`) };
}

/** What is deprecated in a service counts only when it names no transport; there the delay of the static one is the default. */
function tcpContent(
  name: string,
  loadBalancer: TcpLoadBalancerConfiguration,
  transport: TcpServersTransportConfiguration,
  statusRow: StatusRow,
): ServersContent<TcpServersServiceRecord> {
  const { strategy, queueTimeout, maxQueued, slowStart, retry, onServerDown, healthCheck } = loadBalancer;
  const own = loadBalancer.serversTransport === '' ? loadBalancer : undefined;
  const proxyProtocol = own?.proxyProtocol ?? transport.proxyProtocol;
  return {
    kind: 'servers',
    strategy,
    servers: loadBalancer.servers.map(({ address, weight, tls, maxConnections }) => ({
      ...serverOf('tcp', name, address, weight, statusRow),
      tls,
      maxConnections,
    })),
    proxyProtocolVersion: proxyProtocol?.version ?? 0,
    terminationDelayMs: own?.terminationDelay ?? transport.terminationDelay,
    queueTimeoutMs: queueTimeout,
    maxQueued,
    slowStartMs: slowStart,
    retryAttempts: retry.attempts,
    retryTimeoutMs: retry.timeout ?? transport.dialTimeout,
    onServerDown,
    isPostgres: healthCheck?.mode === 'postgres',
  };
}

function udpContent(
  name: string,
  { strategy, servers }: Pick<UdpLoadBalancerConfiguration, 'servers'> & { readonly strategy: string },
  statusRow: StatusRow,
): ServersContent<UdpServersServiceRecord> {
  return {
    kind: 'servers',
    strategy: strategy as UdpLoadBalancerConfiguration['strategy'],
    servers: servers.map(({ address, weight }) => serverOf('udp', name, address, weight, statusRow)),
  };
}

function serverOf(
  protocol: 'tcp' | 'udp',
  service: string,
  address: string,
  weight: number,
  statusRow: StatusRow,
): UdpServerRecord {
  const parts = parseServerAddress(address);
  // Addresses are validated when they are decoded.
  if (typeof parts === 'string') throw new Error(`the address of a server of ${service} ${parts}`);
  return { address, ...parts, weight, statusRow: statusRow(streamServerKey(protocol, service, address)) };
}
