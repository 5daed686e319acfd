// The access log of flows: one line for each, when it is over. Remembers what the line needs of each flow that is open: an object per
// flow, only where there is such a log. Filters and formats are those of requests; what flows do not have is empty in the line.

import { FlowEnd } from '@sluice/native';
import { type AccessLog, ClientText, ConstantText, ServerText } from '@sluice/observability/access-log';
import { SeatTable } from '../worker/seat-table.ts';
import type { UdpRoute } from './udp-routes.ts';
import type { UdpServer } from './udp-server.ts';

/** What has passed. */
export interface FlowTraffic {
  readonly bytesFromClient: number;
  readonly bytesToClient: number;
}

interface OpenFlow {
  readonly client: ClientText;
  readonly router: ConstantText;
  readonly server: ServerText;
  /** Undefined: it does not speak QUIC, or nobody has looked. */
  readonly serverName: string | undefined;
  readonly startedAtMs: number;
}

/** In place of a method: how a flow ended, by `FlowEnd`. */
const ENDS: Readonly<Record<number, string>> = {
  [FlowEnd.IDLE]: 'IDLE',
  [FlowEnd.EVICTED]: 'EVICTED',
  [FlowEnd.SERVER]: 'SERVER_FAILED',
  [FlowEnd.UNDECIDED]: 'TOO_LATE',
  [FlowEnd.LISTENER]: 'STOPPED',
  [FlowEnd.CLOSED]: 'SERVER_DOWN',
};

export class FlowAccess {
  private readonly log: AccessLog;
  private readonly entryPoint: ConstantText;
  private readonly flows = new SeatTable<OpenFlow>();
  private readonly routers = new WeakMap<UdpRoute, ConstantText>();
  private readonly servers = new WeakMap<UdpServer, ServerText>();

  constructor(log: AccessLog, entryPoint: string) {
    this.log = log;
    this.entryPoint = new ConstantText(entryPoint);
  }

  /** @param serverName of QUIC, empty where it names none; undefined: it is something else, or nobody has looked. */
  began(
    flow: number,
    client: string,
    port: number,
    serverName: string | undefined,
    route: UdpRoute,
    server: UdpServer,
  ): void {
    this.flows.set(flow, {
      client: new ClientText(client, port),
      router: textOf(this.routers, route, () => new ConstantText(route.name)),
      server: textOf(this.servers, server, () => new ServerText(server.service, server.address, server.address)),
      serverName,
      startedAtMs: performance.now(),
    });
  }

  /** @param end a `FlowEnd`. Flows that are not known have no line. */
  ended(flow: number, end: number, { bytesFromClient, bytesToClient }: FlowTraffic): void {
    const known = this.flows.get(flow);
    if (known === undefined) return;
    this.flows.delete(flow);
    const { record } = this.log;
    record.startedAtMs = known.startedAtMs;
    record.endedAtMs = performance.now();
    record.originStartedAtMs = known.startedAtMs;
    record.entryPoint = this.entryPoint;
    record.router = known.router;
    record.server = known.server;
    record.client = known.client;
    record.forwardedFor = '';
    record.user = '';
    record.host = known.serverName ?? '';
    record.method = ENDS[end] ?? '';
    record.path = '';
    record.query = undefined;
    record.protocol = known.serverName === undefined ? 'UDP' : 'QUIC';
    record.secure = false;
    record.tls = undefined;
    record.requestBytes = bytesFromClient;
    record.originStatus = 0;
    record.originBytes = bytesToClient;
    record.status = 0;
    record.bytes = bytesToClient;
    record.retries = 0;
    record.requestFields = undefined;
    record.originFields = undefined;
    record.downstreamFields = undefined;
    this.log.write();
  }
}

function textOf<Key extends object, Text>(texts: WeakMap<Key, Text>, key: Key, make: () => Text): Text {
  let text = texts.get(key);
  if (text === undefined) {
    text = make();
    texts.set(key, text);
  }
  return text;
}
