// What is decided for the first datagram of a flow, and what follows from its end: may the client have one more, which server is it
// for, what is counted. All other datagrams go through the transport unseen. Sees neither payloads nor the clock.
// Every datagram may be a lie of somebody else: nothing is sent to a client here, and a refused flow leaves nothing behind.

import { type BalancedService, type PickerServer, TriedServers } from '@sluice/balancing';
import { type CatalogueEntry, Errors } from '@sluice/errors';
import type { ServerStatus } from '@sluice/shared-state';
import type { ClientAdmission } from '../listen/client-admission.ts';
import { type FlowCounts, FlowRefusal } from './flow-counts.ts';
import { FlowTable } from './flow-table.ts';

/**
 * What the policy asks of the transport. Ids are the transport's, tagged with a generation; each command is for a flow that the
 * transport has announced and not yet reported as closed. None may call the policy before it returns.
 */
export interface FlowCommands<Server> {
  /**
   * Gives a new flow to a server, with the datagrams that have come so far. @returns false when that cannot be done now, such as
   * without a route; nothing has happened then. A failure that shows later is reported by `onClosed`.
   */
  open(flow: number, server: Server): boolean;
  /** Forgets a new flow and what has come of it. Nothing is answered. */
  refuse(flow: number): void;
  /** Ends an open flow: the client's next datagram begins another. */
  close(flow: number): void;
}

/** One UDP entry point of this worker. */
export interface FlowEntryPoint {
  /** Over all workers, by its place in the static configuration. */
  readonly admission: ClientAdmission;
  readonly counts: FlowCounts;
}

export interface FlowPolicyOptions<Server> {
  readonly slot: number;
  readonly status: ServerStatus;
  readonly commands: FlowCommands<Server>;
  /** Who has to know which servers have flows. Default: nobody. */
  readonly uses?: ServerUses<Server>;
}

export interface ServerUses<Server> {
  /** A flow was given to the server. */
  began(server: Server): void;
  /** It is over. Once for each that has begun. */
  over(server: Server): void;
}

export class FlowPolicy<Server extends PickerServer> {
  private readonly options: FlowPolicyOptions<Server>;
  private readonly flows = new FlowTable<Server, FlowEntryPoint>();
  /** For one call each. */
  private readonly tried = new TriedServers();
  private readonly address = new Uint8Array(16);
  /** Where the next look for servers that are down begins. */
  private nextSeat = 0;
  private draining = false;

  constructor(options: FlowPolicyOptions<Server>) {
    this.options = options;
  }

  /** Flows that were given to a server and are not over. */
  get open(): number {
    return this.flows.count;
  }

  /** No new flows from here on; those that run go on. */
  drain(): void {
    this.draining = true;
  }

  /**
   * The first datagram of a flow has come.
   * @param client 16 bytes, IPv4 mapped; not kept. @param service undefined: there is no router.
   * @returns a `FlowRefusal`; undefined when a server has it.
   */
  onNew(
    flow: number,
    entryPoint: FlowEntryPoint,
    client: Uint8Array,
    service: BalancedService<Server> | undefined,
  ): number | undefined {
    // The seat has been given to another flow: the last one is over, however that was missed.
    const last = this.flows.at(flow);
    if (last !== 0) this.forget(last);
    const refusal = this.draining ? FlowRefusal.DRAINING : this.admit(flow, entryPoint, client, service);
    if (refusal === undefined) return undefined;
    entryPoint.counts.refused[refusal]++;
    this.options.commands.refuse(flow);
    return refusal;
  }

  /** The transport has ended a flow, or could not begin it. Also after `close`, or not: both are fine. @param byServer an error of its. */
  onClosed(flow: number, byServer: boolean): void {
    if (!this.flows.has(flow)) return;
    if (byServer) this.flows.ownerOf(flow).counts.endedByServer++;
    this.forget(flow);
  }

  /**
   * Ends flows whose server has gone down, so that clients come to another one. Looks at some flows and goes on there next time.
   * @returns how many were ended.
   */
  endThoseDown(seatsMax: number): number {
    const { flows } = this;
    const { status, commands } = this.options;
    let ended = 0;
    for (let looked = Math.min(seatsMax, flows.seats); looked > 0; looked--) {
      if (this.nextSeat >= flows.seats) this.nextSeat = 0;
      const flow = flows.at(this.nextSeat++);
      if (flow === 0 || status.isUp(flows.serverOf(flow).statusRow)) continue;
      flows.ownerOf(flow).counts.endedByHealth++;
      this.forget(flow);
      commands.close(flow);
      ended++;
    }
    return ended;
  }

  private admit(
    flow: number,
    entryPoint: FlowEntryPoint,
    client: Uint8Array,
    service: BalancedService<Server> | undefined,
  ): number | undefined {
    if (service === undefined) return FlowRefusal.NO_SERVER;
    const exceeded = entryPoint.admission.admit(client);
    if (exceeded !== undefined) return refusalOf(exceeded);
    if (this.begin(flow, entryPoint, client, service)) return undefined;
    entryPoint.admission.leave(client);
    return FlowRefusal.NO_SERVER;
  }

  /** The first server that can be sent to. */
  private begin(
    flow: number,
    entryPoint: FlowEntryPoint,
    client: Uint8Array,
    service: BalancedService<Server>,
  ): boolean {
    const { tried } = this;
    const { commands, status, slot } = this.options;
    tried.clear();
    while (!tried.isFull) {
      const server = service.pick(client, tried);
      if (server === undefined) return false;
      if (commands.open(flow, server)) {
        this.flows.put(flow, client, server, entryPoint);
        status.addInFlight(server.statusRow, slot, 1);
        this.options.uses?.began(server);
        entryPoint.counts.opened++;
        return true;
      }
      entryPoint.counts.serversFailed++;
      tried.add(server.statusRow);
    }
    return false;
  }

  /** Gives back what the flow has had: once, as it is not in the table after that. */
  private forget(flow: number): void {
    const { flows, address } = this;
    const { admission, counts } = flows.ownerOf(flow);
    const server = flows.serverOf(flow);
    flows.copyAddress(flow, address);
    this.options.status.addInFlight(server.statusRow, this.options.slot, -1);
    flows.remove(flow);
    this.options.uses?.over(server);
    counts.ended++;
    admission.leave(address);
  }
}

function refusalOf(exceeded: CatalogueEntry): number {
  return exceeded === Errors.DOWNSTREAM_CONNECTIONS_EXCEEDED ? FlowRefusal.FLOWS_MAX : FlowRefusal.CLIENT_MAX;
}
