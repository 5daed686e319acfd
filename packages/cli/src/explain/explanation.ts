// The answer of `explain` as data: rendered for people or printed as JSON. Made with the same plan that is compiled for
// workers, evaluated by the plain matcher.

import { deniedCharacter } from '@sluice/protocols';
import {
  EntryPointHosts,
  type EntryPointPlan,
  type ExplainedCandidate,
  explainMatch,
  isMisdirected,
  type SnapshotPlan,
} from '@sluice/routing';
import type { Project } from '../project/load-project.ts';
import { planProject } from '../project/plan-project.ts';
import { type ArrivingRequest, arriveAt, type RefusedRequest } from './arriving-request.ts';
import type { ChosenEntryPoint } from './choose-entry-point.ts';
import type { RequestedExchange } from './requested.ts';
import { explainTcp } from './stream-explanation.ts';

const CLOSED = 'all routers for this server name have TLS options that cannot be used';

export interface Explanation {
  readonly request: RequestedExchange;
  readonly entryPoint: { readonly name: string; readonly address: string; readonly reason: string };
  /** Of requests over TLS. */
  readonly tls?: ConnectionTls;
  /** The router of TCP that takes the connection; then no request is ever read. */
  readonly takenBy?: string;
  /** What routing sees; undefined when the entry point refuses the request before. */
  readonly routed?: {
    readonly host: string;
    readonly path: string;
    readonly forwardedPath: string;
    readonly query?: string;
  };
  /** In the order in which they are tried. */
  readonly candidates: readonly ExplainedCandidate[];
  /** The answer that Sluice itself gives; undefined when the request goes to a service. */
  readonly answer?: RefusedRequest | ClosedConnection;
  readonly middlewares: readonly { readonly name: string; readonly type: string }[];
  readonly service?: {
    readonly name: string;
    readonly strategy: string;
    readonly passHostHeader: boolean;
    readonly serversTransport: string;
    readonly servers: readonly { readonly url: string; readonly weight: number }[];
  };
}

export interface ConnectionTls {
  /** Empty: the client names none. */
  readonly serverName: string;
  /** Name of the set of TLS options; null: there is none that can be used, so the connection is closed. */
  readonly options: string | null;
}

/** Nothing is answered. */
export interface ClosedConnection {
  readonly closed: true;
  readonly reason: string;
}

/** @param project with a valid static configuration */
export function explain(project: Project, entryPoint: ChosenEntryPoint, request: RequestedExchange): Explanation {
  const plan = planProject(project).plan;
  const planned = plan.entryPoints.find(({ name }) => name === entryPoint.name)!;
  const tls = request.secure ? connectionTls(planned, request.serverName) : undefined;
  const base = {
    request,
    entryPoint: { name: entryPoint.name, address: entryPoint.configuration.address, reason: entryPoint.reason },
    ...(tls === undefined ? {} : { tls }),
    candidates: [],
    middlewares: [],
  };
  const takenBy = takerOf(plan, planned, request);
  if (takenBy !== undefined) return { ...base, takenBy };
  if (tls?.options === null) return { ...base, answer: { closed: true, reason: CLOSED } };
  const arrived = arriveAt(entryPoint.configuration, request);
  if ('status' in arrived) return { ...base, answer: arrived };
  const { view } = arrived;
  const query = view.query === undefined ? {} : { query: view.query };
  const routed = { host: view.host, path: view.path, forwardedPath: arrived.path, ...query };
  const index = request.secure ? planned.securedIndex : plan.entryPoints.indexOf(planned);
  const candidates = explainMatch(plan.routers, index, view);
  const chosen = candidates.find((candidate) => candidate.chosen);
  const answer = ownAnswer(plan, chosen, arrived, tls?.options);
  const target = chosen === undefined ? { middlewares: [] } : targetOf(plan, chosen.index);
  return { ...base, routed, candidates, ...target, ...(answer === undefined ? {} : { answer }) };
}

/** What browsers offer. */
const ALPN = ['h2', 'http/1.1'];

/** Name of the router of TCP that is before those of HTTP, if there is one. */
function takerOf(plan: SnapshotPlan, planned: EntryPointPlan, request: RequestedExchange): string | undefined {
  const { secure, serverName, authority: host, port, clientIp } = request;
  const alpn = secure ? ALPN : [];
  const connection = {
    protocol: 'tcp',
    secure,
    serverName: secure ? serverName : '',
    alpn,
    host,
    port,
    clientIp,
  } as const;
  return explainTcp(plan, planned, connection).candidates?.find(({ chosen }) => chosen)?.name;
}

function connectionTls({ tls }: EntryPointPlan, serverName: string): ConnectionTls {
  return { serverName, options: new EntryPointHosts(tls).optionsFor(serverName) };
}

function ownAnswer(
  plan: SnapshotPlan,
  chosen: ExplainedCandidate | undefined,
  { path }: ArrivingRequest,
  connectionOptions: string | undefined,
): RefusedRequest | undefined {
  if (chosen === undefined) {
    const routers = connectionOptions === undefined ? 'plain requests' : 'requests over TLS';
    return { status: 404, reason: `no router of this entry point for ${routers} matches` };
  }
  const router = plan.routers[chosen.index]!;
  const denied = deniedCharacter(path, router.deniedEncodedCharacters);
  if (denied !== undefined)
    return { status: 400, reason: `the path contains ${denied}, which this entry point refuses` };
  if (connectionOptions !== undefined && isMisdirected(connectionOptions, router.tlsOptions)) {
    const reason = `the router has the TLS options ${router.tlsOptions}, the connection ${connectionOptions}`;
    return { status: 421, reason };
  }
  const { servers } = plan.services[router.service]!;
  return servers.length > 0 ? undefined : { status: 503, reason: 'the service has no servers' };
}

function targetOf(plan: SnapshotPlan, routerIndex: number): Pick<Explanation, 'middlewares' | 'service'> {
  const router = plan.routers[routerIndex]!;
  const service = plan.services[router.service]!;
  return {
    middlewares: router.middlewares.map((index) => {
      const { name, type } = plan.middlewares[index]!;
      return { name, type };
    }),
    service: {
      name: service.name,
      strategy: service.strategy,
      passHostHeader: service.passHostHeader,
      serversTransport: plan.serversTransports[service.serversTransport]!.name,
      servers: service.servers.map(({ url, weight }) => ({ url, weight })),
    },
  };
}
