// One UDP entry point in one worker: its datagram transport, and what is decided about each new flow on it. Datagrams of flows that have
// a server pass in the transport and never come here. Allocates per flow what its access line takes, nothing per datagram.

import type { EntryPointConfiguration } from '@sluice/config';
import { type CatalogueEntry, Errors } from '@sluice/errors';
import {
  DatagramTransport,
  type DatagramTransportOptions,
  FLOW_RECORD_WORDS,
  FlowEnd,
  FlowEvent,
  FlowNumber,
} from '@sluice/native';
import { KNOWN_ID_BYTES, type KnownIds, type ServerStatus } from '@sluice/shared-state';
import type { Logger } from 'pino';
import type { ClientAdmission } from '../listen/client-admission.ts';
import { PeerAddress } from '../listen/peer-address.ts';
import { RefusalLog } from '../listen/refusal-log.ts';
import type { NameResolver } from '../upstream/name-resolver.ts';
import { DatagramCommands } from './datagram-commands.ts';
import type { FlowAccess, FlowTraffic } from './flow-access.ts';
import { FlowCounts, FlowRefusal } from './flow-counts.ts';
import type { FlowMetrics } from './flow-metrics.ts';
import { type FlowEntryPoint, FlowPolicy } from './flow-policy.ts';
import { FlowView } from './flow-view.ts';
import { type MovedClient, MovedClients } from './moved-clients.ts';
import { HelloVerdict, QuicHellos } from './quic-hellos.ts';
import { ANSWERS_INSPECTED, keyOfAnswer, keyOffset, mayBeginQuic, QUIC_KEY } from './quic-keys.ts';
import type { ServerPins } from './server-pins.ts';
import type { UdpRoute, UdpRoutes } from './udp-routes.ts';
import type { UdpServer } from './udp-server.ts';

export interface UdpEntryPointOptions {
  readonly name: string;
  /** In the snapshot, here as in every revision. */
  readonly index: number;
  readonly configuration: EntryPointConfiguration;
  readonly slot: number;
  readonly status: ServerStatus;
  readonly admission: ClientAdmission;
  /** Of all workers. */
  readonly knownIds: KnownIds;
  readonly resolver: NameResolver;
  readonly routes: () => UdpRoutes;
  readonly pins: ServerPins;
  readonly log: Logger;
  /** Undefined: no line is written. */
  readonly access: FlowAccess | undefined;
  /** Undefined: nothing is counted. */
  readonly metrics: FlowMetrics | undefined;
  readonly transport: Pick<DatagramTransportOptions, 'flowsMax' | 'undecidedMax'>;
}

/** For a name to be looked up, and for the rest of a ClientHello. The client sends again. */
const DECISION_MS = 3_000;
/** Datagrams of one flow that are looked at: a hello of 16 KiB takes 14. */
const HELLO_DATAGRAMS_MAX = 32;
/** Memory of one socket that takes nothing now, and of one flow that is not decided. */
const QUEUE_MAX_BYTES = 256 * 1024;
/** For events that are only a turn away. */
const LAST_ENDS_MS = 1_000;
/** Flows that are looked at in one go for servers that have gone down. */
const LOOKED_AT_MAX = 8_192;

const NO_TRAFFIC: FlowTraffic = { bytesFromClient: 0, bytesToClient: 0 };

const REFUSALS: Readonly<Record<number, CatalogueEntry>> = {
  [FlowRefusal.FLOWS_MAX]: Errors.DOWNSTREAM_CONNECTIONS_EXCEEDED,
  [FlowRefusal.CLIENT_MAX]: Errors.DOWNSTREAM_CLIENT_CONNECTIONS_EXCEEDED,
  [FlowRefusal.NO_SERVER]: Errors.FLOW_WITHOUT_SERVER,
};

export class UdpEntryPoint {
  readonly name: string;
  readonly counts = new FlowCounts();
  private readonly options: UdpEntryPointOptions;
  private readonly transport: DatagramTransport;
  private readonly commands: DatagramCommands;
  private readonly policy: FlowPolicy<UdpServer>;
  private readonly own: FlowEntryPoint;
  private readonly hellos = new QuicHellos();
  private readonly moved: MovedClients;
  private readonly view = new FlowView();
  private readonly refusals: RefusalLog;
  /** Of flows that wait for the rest of a hello. */
  private readonly waiting = new Map<number, PeerAddress>();
  private readonly tags: number[] = [];
  /** The last one chosen, for the flow that is being decided. */
  private chosen: UdpServer | undefined = undefined;
  private isReleased = false;
  private allLeft: (() => void) | undefined = undefined;

  constructor(options: UdpEntryPointOptions) {
    const { name, slot, status, admission, resolver, pins, log } = options;
    this.options = options;
    this.name = name;
    this.own = { admission, counts: this.counts };
    this.refusals = new RefusalLog(log, name);
    this.moved = new MovedClients(options.knownIds, slot);
    this.transport = new DatagramTransport(
      { ...options.transport, undecidedMs: DECISION_MS, queueMaxBytes: QUEUE_MAX_BYTES },
      (count) => this.onBatch(count),
    );
    this.commands = new DatagramCommands(this.transport, resolver, (flow) => this.onNotOpened(flow));
    this.policy = new FlowPolicy<UdpServer>({
      slot,
      status,
      commands: this.commands,
      uses: {
        began: (server) => {
          this.chosen = server;
          pins.began(server);
        },
        over: (server) => pins.over(server),
      },
    });
  }

  /** Receives on an inherited descriptor, which is the entry point's from here on. @throws Error with a `code`. */
  listen(descriptor: number): void {
    const { timeout, maxAmplification } = this.options.configuration.udp;
    const tag = this.tags.length + 1;
    this.transport.listen(descriptor, tag, {
      idleTimeoutMs: Math.max(1, Math.round(timeout)),
      amplificationFactor: maxAmplification,
      inspectDatagrams: HELLO_DATAGRAMS_MAX,
      key: QUIC_KEY,
    });
    this.tags.push(tag);
  }

  /** Flows at present, those that are not decided included. */
  get flowCount(): number {
    return this.transport.flowCount;
  }

  /** Ends flows whose server has gone down. */
  look(): void {
    this.policy.endThoseDown(LOOKED_AT_MAX);
    this.options.metrics?.settle(this.counts, this.transport.totals, this.policy.open);
  }

  /**
   * Goes on as before; then datagrams of unknown clients are dropped, until no flow is left or the time is over (tcp-udp.md section 13).
   * What the entry point says of the two times holds within what all of them have.
   */
  async drain(acceptGraceMs: number, graceMs: number): Promise<void> {
    const { requestAcceptGraceTimeout, graceTimeOut } = this.options.configuration.transport.lifeCycle;
    const acceptMs = this.isReleased ? 0 : Math.min(acceptGraceMs, requestAcceptGraceTimeout);
    if (acceptMs > 0) await new Promise((resolve) => setTimeout(resolve, acceptMs));
    if (await this.leave(true, Math.min(graceMs, graceTimeOut))) return;
    // Their ends are still to be told.
    await this.leave(false, LAST_ENDS_MS);
  }

  /** @returns whether the last flow was over in time. */
  private leave(keepFlows: boolean, timeMs: number): Promise<boolean> {
    this.policy.drain();
    if (this.tags.length === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const deadline = setTimeout(resolve, timeMs, false);
      this.allLeft = () => {
        clearTimeout(deadline);
        resolve(true);
      };
      for (const tag of this.tags) this.transport.unlisten(tag, keepFlows, true);
    });
  }

  /** Stops receiving: another process does that on the same sockets. All flows end. */
  release(): void {
    this.isReleased = true;
    this.policy.drain();
    for (const tag of this.tags) this.transport.unlisten(tag, false, true);
  }

  close(): void {
    this.transport.destroy();
    this.options.metrics?.settle(this.counts, this.transport.totals, 0);
  }

  private onBatch(count: number): void {
    const { events } = this.transport;
    const end = count * FLOW_RECORD_WORDS;
    for (let at = 0; at < end; at += FLOW_RECORD_WORDS) {
      try {
        this.onEvent(events, at);
      } catch (error) {
        this.options.log.error({ err: error, code: Errors.INTERNAL_FAULT.code }, Errors.INTERNAL_FAULT.meaning);
        this.commands.close(events[at + 1]);
      }
    }
  }

  private onEvent(events: Int32Array, at: number): void {
    const flow = events[at + 1];
    const a = events[at + 2];
    const b = events[at + 3];
    const c = events[at + 4];
    const d = events[at + 5];
    switch (events[at]) {
      case FlowEvent.NEW:
        this.onNew(flow, b, c, c + d);
        break;
      case FlowEvent.DATA:
        this.onMore(flow, c, c + d);
        break;
      case FlowEvent.ANSWER:
        this.onAnswer(flow, c, c + d);
        break;
      case FlowEvent.CLOSED:
        this.onClosed(flow, a, c);
        break;
      case FlowEvent.LISTENER_CLOSED:
        this.onListenerClosed(a);
        break;
    }
  }

  private onNew(flow: number, peerOffset: number, start: number, end: number): void {
    const { memory } = this.transport;
    const routes = this.options.routes();
    const peer = PeerAddress.read(memory, peerOffset);
    const moved = this.moved.find(memory, start, end, routes);
    if (moved !== undefined && this.options.status.isUp(moved.server.statusRow)) {
      this.follow(flow, peer, moved, keyOffset(memory, start, end));
      return;
    }
    if (routes.haveRules) {
      const verdict = this.hellos.begin(flow, memory, start, end);
      if (verdict === HelloVerdict.WAIT) {
        this.waiting.set(flow, peer);
        return;
      }
      if (verdict === HelloVerdict.REFUSE) {
        this.refuseHello(flow, peer);
        return;
      }
    }
    this.decide(flow, peer, routes, mayBeginQuic(memory, start, end));
  }

  /** Its server will find out that it is the same connection. */
  private follow(flow: number, peer: PeerAddress, client: MovedClient, offset: number): void {
    const { memory } = this.transport;
    this.chosen = undefined;
    const refusal = this.policy.onNew(flow, this.own, peer.bytes, client);
    if (refusal !== undefined) {
      this.refused(refusal, peer, client.route);
      return;
    }
    this.counts.followed++;
    this.opened(flow, peer, '', true, client.route);
    if (this.transport.addKey(flow, memory.subarray(offset, offset + KNOWN_ID_BYTES)) === 0) {
      this.moved.learned(flow, memory, offset);
    }
  }

  private onMore(flow: number, start: number, end: number): void {
    const peer = this.waiting.get(flow);
    if (peer === undefined) return;
    const verdict = this.hellos.add(flow, this.transport.memory, start, end);
    if (verdict === HelloVerdict.WAIT) return;
    this.waiting.delete(flow);
    if (verdict === HelloVerdict.REFUSE) this.refuseHello(flow, peer);
    else this.decide(flow, peer, this.options.routes(), true);
  }

  /** @param mayMove it may be a QUIC connection, whose client may come from another address */
  private decide(flow: number, peer: PeerAddress, routes: UdpRoutes, mayMove: boolean): void {
    const { view, hellos } = this;
    const hello = hellos.helloOf(flow);
    view.clientAddress.set(peer.bytes);
    const route = routes.find(this.options.index, view.says(hello));
    const serverName = hello?.serverName;
    this.chosen = undefined;
    const refusal = this.policy.onNew(flow, this.own, peer.bytes, route?.service);
    hellos.forget(flow);
    view.says(undefined);
    if (refusal === undefined) this.opened(flow, peer, serverName, mayMove, route!);
    else this.refused(refusal, peer, route);
  }

  private opened(
    flow: number,
    peer: PeerAddress,
    serverName: string | undefined,
    mayMove: boolean,
    route: UdpRoute,
  ): void {
    if (mayMove) this.transport.inspectAnswers(flow, ANSWERS_INSPECTED);
    if (this.chosen !== undefined) {
      if (mayMove) this.moved.began(flow, this.chosen, route);
      this.options.access?.began(flow, peer.text, peer.port, serverName, route, this.chosen);
    }
  }

  private refused(refusal: number, peer: PeerAddress, route: UdpRoute | undefined): void {
    const entry = route === undefined ? Errors.FLOW_WITHOUT_ROUTER : REFUSALS[refusal];
    if (entry !== undefined) this.refusals.refused(entry, peer.text, performance.now());
  }

  private refuseHello(flow: number, peer: PeerAddress): void {
    this.counts.refused[FlowRefusal.BAD_HELLO]++;
    this.transport.refuse(flow);
    this.refusals.refused(Errors.QUIC_HELLO_REFUSED, peer.text, performance.now());
  }

  private onAnswer(flow: number, start: number, end: number): void {
    const key = keyOfAnswer(this.transport.memory, start, end);
    // One that is known already, or one too many, changes nothing.
    if (key === undefined || this.transport.addKey(flow, key) !== 0) return;
    this.moved.learned(flow, key, 0);
  }

  private onClosed(flow: number, end: number, numbersOffset: number): void {
    this.waiting.delete(flow);
    this.hellos.forget(flow);
    this.moved.ended(flow);
    this.counts.endedBy[end]++;
    this.policy.onClosed(flow, end === FlowEnd.SERVER);
    const { access } = this.options;
    if (access === undefined) return;
    const { numbers } = this.transport;
    const first = numbersOffset >> 3;
    access.ended(flow, end, {
      bytesFromClient: numbers[first + FlowNumber.BYTES_FROM_CLIENT],
      bytesToClient: numbers[first + FlowNumber.BYTES_TO_CLIENT],
    });
  }

  /** The name of its server led nowhere; the transport reports nothing of it. */
  private onNotOpened(flow: number): void {
    this.moved.ended(flow);
    this.counts.endedBy[FlowEnd.SERVER]++;
    this.policy.onClosed(flow, true);
    this.options.access?.ended(flow, FlowEnd.SERVER, NO_TRAFFIC);
  }

  private onListenerClosed(tag: number): void {
    this.tags.splice(this.tags.indexOf(tag), 1);
    if (this.tags.length === 0) this.allLeft?.();
  }
}
