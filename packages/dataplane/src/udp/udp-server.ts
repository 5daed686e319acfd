// One server of a UDP service as a worker knows it: where it is, and how many flows it has. The same object as long as its service
// does not change; a service that does gets new ones.

import type { UdpServerRecord } from '@sluice/routing/snapshot';
import { nameHash } from '@sluice/shared-state';
import type { FlowServer } from './datagram-commands.ts';

export class UdpServer implements FlowServer {
  /** Qualified name of its service. */
  readonly service: string;
  /** As configured. */
  readonly address: string;
  readonly hostname: string;
  readonly port: number;
  readonly weight: number;
  readonly statusRow: number;
  /** Of this worker. */
  flows = 0;

  constructor(service: string, record: UdpServerRecord) {
    this.service = service;
    this.address = record.address;
    this.hostname = record.hostname;
    this.port = record.port;
    this.weight = record.weight;
    this.statusRow = record.statusRow;
  }

  /** In place of service and address; the same in every worker and revision. */
  get number(): number {
    return nameHash(`${this.service}\n${this.address}`);
  }

  /** The same in every worker and after a restart: what strategies that hash go by. */
  get identity(): string {
    return this.address;
  }
}
