// The answer of `explain` for a connection of TCP or a flow of UDP, as data. Made with the plan that is compiled for workers,
// evaluated by the plain matcher, in the order in which workers ask (tcp-udp.md sections 1, 3 and 4).

import {
  ConnectionRequest,
  type ConnectionView,
  EntryPointHosts,
  type ExplainedCandidate,
  explainMatch,
  HTTPS,
  InterpretingMatcher,
  type SnapshotPlan,
  type StreamServicePlan,
  tlsRoute,
  toMappedBytes,
} from '@sluice/routing';
import type { Project } from '../project/load-project.ts';
import { planProject } from '../project/plan-project.ts';
import type { ChosenEntryPoint } from './choose-entry-point.ts';
import type { ClosedConnection } from './explanation.ts';
import type { RequestedStream } from './requested-stream.ts';

export interface StreamExplanation {
  readonly connection: RequestedStream;
  readonly entryPoint: { readonly name: string; readonly address: string; readonly reason: string };
  /** The router is chosen before anything has been received: the server may speak first, and TLS is not looked at. */
  readonly matchedAtOnce: boolean;
  /** In the order in which they are tried. */
  readonly candidates: readonly ExplainedCandidate[];
  /** No router of TCP takes it, or one of HTTPS comes before: routers of HTTP decide over what is sent in it. */
  readonly handedTo?: 'HTTP' | 'HTTPS';
  readonly answer?: ClosedConnection;
  readonly tls?: { readonly mode: 'none' | 'terminate' | 'passthrough'; readonly options: string };
  readonly middlewares: readonly { readonly name: string; readonly type: string }[];
  readonly service?: ExplainedService;
}

export interface ExplainedService {
  readonly name: string;
  readonly kind: 'servers' | 'weighted' | 'failover';
  /** Of a child of a weighted service. */
  readonly weight?: number;
  /** With `servers`. */
  readonly strategy?: string;
  readonly transport?: string;
  readonly servers: readonly { readonly address: string; readonly weight: number; readonly tls?: boolean }[];
  readonly children: readonly ExplainedService[];
}

type EntryPointOfPlan = SnapshotPlan['entryPoints'][number];

/** @param project with a valid static configuration */
export function explainStream(
  project: Project,
  entryPoint: ChosenEntryPoint,
  connection: RequestedStream,
): StreamExplanation {
  const plan = planProject(project).plan;
  const planned = plan.entryPoints.find(({ name }) => name === entryPoint.name)!;
  const { name, configuration, reason } = entryPoint;
  const base = {
    connection,
    entryPoint: { name, address: configuration.address, reason },
    matchedAtOnce: false,
    candidates: [],
    middlewares: [],
  };
  const explained =
    connection.protocol === 'udp' ? explainFlow(plan, planned, connection) : explainTcp(plan, planned, connection);
  return { ...base, ...explained };
}

function explainFlow(
  plan: SnapshotPlan,
  { streams }: EntryPointOfPlan,
  flow: RequestedStream,
): Partial<StreamExplanation> {
  const candidates = explainMatch(plan.udpRouters, streams.udpIndex, new ConnectionRequest().of(viewOf(flow)));
  const chosen = candidates.find((candidate) => candidate.chosen);
  if (chosen === undefined) return { candidates, answer: closed('no router takes it: what it sends is dropped') };
  return { candidates, ...serving(plan.udpServices, plan, plan.udpRouters[chosen.index]!.service) };
}

/** Who takes a connection of TCP, and where it goes. */
export function explainTcp(
  plan: SnapshotPlan,
  planned: EntryPointOfPlan,
  connection: Omit<RequestedStream, 'postgres'> & { readonly postgres?: boolean },
): Partial<StreamExplanation> {
  const { plainIndex, tlsIndex, matchesAtOnce } = planned.streams;
  const matcher = new InterpretingMatcher(plan.tcpRouters);
  if (matchesAtOnce) {
    const candidates = candidatesOf(plan, plainIndex, { ...connection, serverName: '', alpn: [] });
    const chosen = candidates.find((candidate) => candidate.chosen);
    if (chosen !== undefined) return { matchedAtOnce: true, candidates, ...target(plan, chosen.index) };
  }
  // Where no router of TCP takes TLS the request for it is plain traffic like any other.
  if (!connection.secure || (connection.postgres === true && tlsIndex === -1)) {
    const candidates = candidatesOf(plan, plainIndex, connection);
    const chosen = candidates.find((candidate) => candidate.chosen);
    return { candidates, ...(chosen === undefined ? { handedTo: 'HTTP' } : target(plan, chosen.index)) };
  }
  if (connection.postgres === true) return afterTlsRequest(plan, tlsIndex, connection);
  const router = tlsRoute(
    planned.streams,
    new EntryPointHosts(planned.tls),
    { matchTcp: (index, view) => matcher.match(index, new ConnectionRequest().of(view)) },
    { isTcpCatchAll: (index) => plan.tcpRouters[index]!.rule.isCatchAll },
    viewOf(connection),
  );
  const candidates = candidatesOf(plan, tlsIndex, connection);
  if (router !== HTTPS) return { candidates, ...target(plan, router) };
  const passedOver = candidates.map((candidate) => ({ ...candidate, chosen: false }));
  return { candidates: passedOver, handedTo: 'HTTPS' };
}

/** Routers of HTTPS are not asked. */
function afterTlsRequest(plan: SnapshotPlan, tlsIndex: number, connection: Viewed): Partial<StreamExplanation> {
  const candidates = candidatesOf(plan, tlsIndex, connection);
  const chosen = candidates.find((candidate) => candidate.chosen);
  if (chosen !== undefined) return { candidates, ...target(plan, chosen.index) };
  return {
    candidates,
    answer: closed('no router of TCP takes it, and those of HTTPS are not asked after a request for TLS'),
  };
}

type Viewed = Pick<RequestedStream, 'serverName' | 'alpn' | 'clientIp'>;

function candidatesOf(plan: SnapshotPlan, matchIndex: number, connection: Viewed): ExplainedCandidate[] {
  return explainMatch(plan.tcpRouters, matchIndex, new ConnectionRequest().of(viewOf(connection)));
}

function target(plan: SnapshotPlan, router: number): Partial<StreamExplanation> {
  const { tls, tlsOptions, middlewares, service } = plan.tcpRouters[router]!;
  if (tls === 'closed') return { answer: closed('the TLS options of the router cannot be used') };
  return {
    tls: { mode: tls, options: tlsOptions },
    middlewares: middlewares.map((index) => {
      const { name, type } = plan.tcpMiddlewares[index]!;
      return { name, type };
    }),
    ...serving(plan.tcpServices, plan, service),
  };
}

function serving(
  services: readonly StreamServicePlan[],
  plan: SnapshotPlan,
  index: number,
): Pick<StreamExplanation, 'service' | 'answer'> {
  const service = explainService(services, plan, index);
  return hasServers(service) ? { service } : { service, answer: closed('the service has no servers') };
}

function hasServers({ servers, children }: ExplainedService): boolean {
  return servers.length > 0 || children.some(hasServers);
}

/** Of what is written for workers, the part that people ask for. */
interface Content {
  readonly kind: ExplainedService['kind'];
  readonly strategy?: string;
  readonly servers?: readonly { readonly address: string; readonly weight: number; readonly tls?: boolean }[];
  readonly weights?: readonly number[];
}

function explainService(
  services: readonly StreamServicePlan[],
  plan: SnapshotPlan,
  index: number,
  weight?: number,
): ExplainedService {
  const { text, transport, children } = services[index]!;
  const { kind, strategy, servers = [], weights = [] } = JSON.parse(text.json) as Content;
  return {
    name: text.name,
    kind,
    ...(weight === undefined ? {} : { weight }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(transport === -1 ? {} : { transport: plan.tcpTransports[transport]!.name }),
    servers: servers.map(({ address, weight: share, tls }) => {
      return { address, weight: share, ...(tls === undefined ? {} : { tls }) };
    }),
    children: children.map((child, position) => explainService(services, plan, child, weights[position])),
  };
}

function viewOf({ serverName, alpn, clientIp }: Viewed): ConnectionView {
  const names = alpn.map((name) => Buffer.from(name));
  return {
    serverName,
    clientAddress: toMappedBytes(clientIp),
    offersAlpn: (name) => names.some((each) => each.equals(name)),
  };
}

function closed(reason: string): ClosedConnection {
  return { closed: true, reason };
}
