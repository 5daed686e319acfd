// The datagram transport: flows of UDP datagrams between clients and servers, passed on natively in batches. JavaScript decides about
// each new flow and learns of its end. Knows bytes, times and limits; must not know protocols, configuration or policy.
// Allocates nothing per datagram; calls per flow only.

import { loadAddon } from './addon.ts';
import {
  type DatagramListenerOptions,
  type DatagramTransportOptions,
  listenerNumbers,
  resolveDatagramTransportOptions,
} from './datagram-transport-options.ts';
import { FLOW_RECORD_WORDS, FLOW_TOTALS, FlowTotal } from './datagram-transport-records.ts';
import { sharedRegion } from './shared-region.ts';

/** Called once per batch with the number of records in `transport.events`. Must not throw: see `BatchHandler`. */
export type FlowBatchHandler = (count: number) => void;

/** What the addon exports for this face; see cc/datagram-transport/native-class.cc. */
interface NativeDatagramTransport {
  listen(descriptor: number, tag: number, options: readonly number[]): void;
  unlisten(tag: number, keepFlows: boolean, closeDescriptor: boolean): void;
  connectFlow(flow: number, address: string, port: number): number;
  refuse(flow: number): number;
  closeFlow(flow: number): number;
  addKey(flow: number, key: Uint8Array): number;
  inspectAnswers(flow: number, count: number): number;
  destroy(): void;
}

interface DatagramAddon {
  readonly NativeDatagramTransport: new (
    options: readonly number[],
    memory: ArrayBuffer,
    events: ArrayBuffer,
    totals: ArrayBuffer,
    handler: FlowBatchHandler,
  ) => NativeDatagramTransport;
}

/**
 * One per worker. Methods about flows return 0 or an errno (positive, as in `os.constants.errno`): ESTALE for a flow that has ended or
 * is not in the state for it. They take effect at once, within the handler and outside of it.
 *
 * The event loop stays alive while there are listeners. A transport is not garbage collected before `destroy()`.
 *
 * @throws Error with a `code` (`EMFILE`, `ENOMEM`, …) when the kernel refuses the epoll instance or memory; RangeError for options.
 */
export class DatagramTransport {
  /** Payloads and peer records of a batch. */
  readonly memory: Buffer;
  /** The same as doubles: numbers of flows that ended. */
  readonly numbers: Float64Array;
  /** Event ring, FLOW_RECORD_WORDS each. */
  readonly events: Int32Array;
  /** See `FlowTotal`. */
  readonly totals: Float64Array;
  readonly #native: NativeDatagramTransport;
  #destroyed = false;

  constructor(options: DatagramTransportOptions, handler: FlowBatchHandler) {
    const sizes = resolveDatagramTransportOptions(options);
    const memory = sharedRegion(sizes.memoryBytes);
    const events = sharedRegion(sizes.eventsMax * FLOW_RECORD_WORDS * 4);
    const totals = sharedRegion(FLOW_TOTALS * 8);
    this.memory = Buffer.from(memory);
    this.numbers = new Float64Array(memory);
    this.events = new Int32Array(events);
    this.totals = new Float64Array(totals);
    const { NativeDatagramTransport } = loadAddon<DatagramAddon>();
    this.#native = new NativeDatagramTransport(
      [
        sizes.flowsMax,
        sizes.undecidedMax,
        sizes.undecidedDatagramsMax,
        sizes.undecidedMs,
        sizes.queueMaxBytes,
        sizes.memoryBytes,
        sizes.eventsMax,
        sizes.offload ? 1 : 0,
      ],
      memory,
      events,
      totals,
      handler,
    );
  }

  /** Flows at present, undecided ones included. */
  get flowCount(): number {
    return this.totals[FlowTotal.FLOWS]!;
  }

  /**
   * Takes ownership of a bound UDP socket. `tag` (1 … 65,535) comes back in FLOW_NEW. On a wildcard address answers leave from the
   * address that was asked.
   * @throws Error with `code`: EEXIST (tag in use), EPROTOTYPE (no UDP socket), EINVAL (not bound), EBADF, …; the descriptor stays the
   *   caller's then. RangeError for options.
   */
  listen(descriptor: number, tag: number, options: DatagramListenerOptions): void {
    this.#native.listen(descriptor, tag, listenerNumbers(options));
  }

  /**
   * No new flows. `keepFlows`: those that are decided go on until their own end, others end now. LISTENER_CLOSED tells when the last has
   * ended and the socket is left; `closeDescriptor` false leaves the descriptor open for others. May be called again with other flags,
   * which change nothing any more once the last flow has ended.
   * @throws Error with `code` ENOENT for an unknown tag.
   */
  unlisten(tag: number, keepFlows: boolean, closeDescriptor: boolean): void {
    this.#native.unlisten(tag, keepFlows, closeDescriptor);
  }

  /**
   * Decides for a server: the datagrams kept so far leave for it, from a socket of the flow's own, and all later ones both ways without
   * events. Bytes that the server's socket does not take are queued within bounds, then dropped.
   * @param address literal IPv4 or IPv6, the latter with an optional `%scope`.
   * @returns 0, or an errno and the flow is undecided as before: EINVAL (not a literal), EMFILE, ENETUNREACH, EACCES, …; ESTALE.
   */
  connectFlow(flow: number, address: string, port: number): number {
    return this.#native.connectFlow(flow, address, port);
  }

  /** Decides against it: what was kept is dropped, the id is dead, no FLOW_CLOSED follows. The client's next datagram is a new flow. */
  refuse(flow: number): number {
    return this.#native.refuse(flow);
  }

  /** Ends a flow that has a server. FLOW_CLOSED follows. */
  closeFlow(flow: number): number {
    return this.#native.closeFlow(flow);
  }

  /**
   * From now on datagrams with this key belong to the flow, from whatever address of a client they come; answers go to the latest.
   * Only a key that the client alone can know protects from somebody else's taking the flow. The amplification limit begins anew
   * with each address.
   * @param key as many bytes as the listener's `key.bytes`. At most 8 for a flow.
   * @returns 0, or EINVAL (length), EEXIST (another flow has it), ENOBUFS (it has 8), ENOMEM, ESTALE.
   */
  addKey(flow: number, key: Uint8Array): number {
    return this.#native.addKey(flow, key);
  }

  /**
   * Shows this flow's first answers, also where the listener shows none: `count` of them, 0 … 64, those that were shown included.
   * @returns 0, EINVAL or ESTALE.
   */
  inspectAnswers(flow: number, count: number): number {
    return this.#native.inspectAnswers(flow, count);
  }

  /** Closes everything at once, without events. Safe within the handler and more than once. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#native.destroy();
  }
}
