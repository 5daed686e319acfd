// Reads what the datagram transport reports and tells the policy: new flows of the entry points, and ends. One per worker; its `handle`
// is the transport's handler. Shows payloads to nobody and allocates nothing per flow.

import type { BalancedService } from '@sluice/balancing';
import { FLOW_RECORD_WORDS, FlowEnd, FlowEvent } from '@sluice/native';
import type { FlowServer } from './datagram-commands.ts';
import type { FlowEntryPoint, FlowPolicy } from './flow-policy.ts';

/** Offsets in the transport's peer record, and its families. */
const Peer = { FAMILY: 0, ADDRESS: 4 } as const;
const FAMILY_V4 = 4;
const MAPPED = 12;

/** What of the transport is read. */
export interface FlowReports {
  readonly memory: Buffer;
  readonly events: Int32Array;
}

/** A UDP entry point, and where its flows go under the revision in force. */
export interface FlowListener {
  readonly entryPoint: FlowEntryPoint;
  /** @param client 16 bytes, IPv4 mapped; valid during the call. @returns undefined when there is no router. */
  serviceFor(client: Uint8Array): BalancedService<FlowServer> | undefined;
  /** The socket is left: its tag can be used again. */
  onClosed(): void;
}

export interface DatagramEventsOptions {
  readonly policy: FlowPolicy<FlowServer>;
  /** By the tag the socket was given with. */
  readonly listeners: ReadonlyMap<number, FlowListener>;
  /** A fault of ours; the flow it met stays undecided, and the transport drops it. */
  readonly onFault: (error: unknown) => void;
}

export class DatagramEvents {
  private readonly options: DatagramEventsOptions;
  private readonly client = new Uint8Array(16);

  constructor(options: DatagramEventsOptions) {
    this.options = options;
  }

  /** The records of one batch. Throws nothing. */
  handle(reports: FlowReports, count: number): void {
    for (let at = 0; at < count * FLOW_RECORD_WORDS; at += FLOW_RECORD_WORDS) {
      try {
        this.take(reports, at);
      } catch (error) {
        this.options.onFault(error);
      }
    }
  }

  private take({ memory, events }: FlowReports, at: number): void {
    const { policy, listeners } = this.options;
    const flow = events[at + 1];
    switch (events[at]) {
      case FlowEvent.NEW: {
        const listener = listeners.get(events[at + 2]);
        if (listener === undefined) return;
        this.readClient(memory, events[at + 3]);
        policy.onNew(flow, listener.entryPoint, this.client, listener.serviceFor(this.client));
        break;
      }
      case FlowEvent.CLOSED:
        policy.onClosed(flow, events[at + 2] === FlowEnd.SERVER);
        break;
      case FlowEvent.LISTENER_CLOSED:
        listeners.get(events[at + 2])?.onClosed();
        break;
    }
  }

  private readClient(memory: Buffer, record: number): void {
    const { client } = this;
    const from = record + Peer.ADDRESS;
    if (memory[record + Peer.FAMILY] !== FAMILY_V4) {
      for (let i = 0; i < 16; i++) client[i] = memory[from + i];
      return;
    }
    client.fill(0, 0, 10);
    client[10] = client[11] = 0xff;
    for (let i = MAPPED; i < 16; i++) client[i] = memory[from + i - MAPPED];
  }
}
