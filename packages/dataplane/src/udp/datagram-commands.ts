// Carries out what is decided for flows of UDP on the datagram transport: finds the address of a server and connects the flow to it.
// Decides nothing. Allocates only for servers whose name is not known at the moment, one closure for each flow that waits for it; the
// transport bounds how many are undecided and for how long.

import { constants } from 'node:os';
import type { PickerServer } from '@sluice/balancing';
import type { NameResolver } from '../upstream/name-resolver.ts';
import type { FlowCommands } from './flow-policy.ts';

const { ESTALE } = constants.errno;

/** A server of UDP as it is in a snapshot. */
export interface FlowServer extends PickerServer {
  /** IP literal without brackets, or a name to resolve. */
  readonly hostname: string;
  readonly port: number;
}

/** What of the datagram transport is needed. Each returns 0 or an errno: ESTALE for a flow that has ended or is not in the state for it. */
export interface FlowTransport {
  connectFlow(flow: number, address: string, port: number): number;
  refuse(flow: number): number;
  closeFlow(flow: number): number;
}

export class DatagramCommands implements FlowCommands<FlowServer> {
  private readonly transport: FlowTransport;
  private readonly resolver: Pick<NameResolver, 'cached' | 'resolve'>;
  private readonly onFailed: (flow: number) => void;

  /** @param onFailed a flow whose server's name had to be looked up has not come to it: it is over. */
  constructor(
    transport: FlowTransport,
    resolver: Pick<NameResolver, 'cached' | 'resolve'>,
    onFailed: (flow: number) => void,
  ) {
    this.transport = transport;
    this.resolver = resolver;
    this.onFailed = onFailed;
  }

  open(flow: number, server: FlowServer): boolean {
    const address = this.resolver.cached(server.hostname);
    if (address !== undefined) return this.transport.connectFlow(flow, address, server.port) === 0;
    this.resolver.resolve(server.hostname, (found) => this.openLater(flow, found, server.port));
    return true;
  }

  refuse(flow: number): void {
    this.transport.refuse(flow);
  }

  /** Of a flow that still waits for a name, too. */
  close(flow: number): void {
    if (this.transport.closeFlow(flow) === ESTALE) this.transport.refuse(flow);
  }

  private openLater(flow: number, address: string | undefined, port: number): void {
    const errno = address === undefined ? undefined : this.transport.connectFlow(flow, address, port);
    // Over meanwhile: the transport has reported its end, or it was refused here.
    if (errno === 0 || errno === ESTALE) return;
    this.transport.refuse(flow);
    this.onFailed(flow);
  }
}
