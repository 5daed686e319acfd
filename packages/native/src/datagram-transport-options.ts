// Options of the datagram transport and of its listeners: defaults, bounds and the check. Must not know what flows are used
// for.

export interface DatagramTransportOptions {
  /**
   * Flows of all listeners together, 1 … 900,000. Default 65,536. A flow takes about 300 bytes here, a descriptor, and some 2 KiB of the
   * kernel. Beyond it the flow that was not used for the longest time makes room.
   */
  readonly flowsMax?: number;
  /** Flows about which nothing is decided; datagrams of further unknown clients are dropped. 1 … 900,000. Default 4,096. */
  readonly undecidedMax?: number;
  /** Datagrams kept of one such flow. 1 … 1,024. Default 32. */
  readonly undecidedDatagramsMax?: number;
  /** How long a decision may take. 1 … 2^31 - 1. Default 5,000. */
  readonly undecidedMs?: number;
  /**
   * Memory of datagrams that wait for one socket that takes nothing now, and of those kept of one undecided flow (its first datagram
   * excepted). 0 … 2^31 - 1. Default 1 MiB.
   */
  readonly queueMaxBytes?: number;
  /** Size of `memory`: payloads and numbers of one batch. 128 KiB … 1 GiB. Default 1 MiB. */
  readonly memoryBytes?: number;
  /** Events per batch. 1 … 1,048,576. Default 1,024. */
  readonly eventsMax?: number;
  /** Use UDP_GRO and UDP_SEGMENT where the kernel has them. Default true. */
  readonly offload?: boolean;
}

/** Another name under which datagrams of a flow may come: the same bytes at the same place, e.g. a connection id of QUIC (RFC 9000 §5.1). */
export interface FlowKeyOptions extends FlowKeyPlace {
  /** 1 … 20. */
  readonly bytes: number;
  /** Datagrams that have it elsewhere. Default: none. Its mask is at least 1. */
  readonly other?: FlowKeyPlace;
}

export interface FlowKeyPlace {
  /** Where the key stands in a datagram, 0 … 1,000. */
  readonly offset: number;
  /** A datagram has a key there if its first byte AND `mask` is `value`. Both 0 … 255. */
  readonly mask: number;
  readonly value: number;
}

export interface DatagramListenerOptions {
  /** Silence in both directions after which a flow ends, within 1.1 times of it. 1 … 2^31 - 1. */
  readonly idleTimeoutMs: number;
  /** Flows of this listener; as for the transport. Default: no bound of its own. */
  readonly flowsMax?: number;
  /**
   * Bytes that may be answered for each byte received from a client, until a second datagram of it has come; answers beyond it are
   * dropped. 1 … 1,000; 0: no limit. Default 0.
   */
  readonly amplificationFactor?: number;
  /** Payloads of an undecided flow that JavaScript is shown, 0 … 64. Default 0. */
  readonly inspectDatagrams?: number;
  /** Answers that JavaScript is shown of a flow, 0 … 64. Default 0. */
  readonly inspectAnswers?: number;
  /** Default: a flow is known by its client's address only. */
  readonly key?: FlowKeyOptions;
}

const MIB = 1024 * 1024;
const INT32_MAX = 2 ** 31 - 1;
const SEATS_MAX = 900_000;
const NO_KEY: FlowKeyOptions = { offset: 0, bytes: 0, mask: 0, value: 0 };

/** Fills in defaults. @throws RangeError naming the option and its bounds. */
export function resolveDatagramTransportOptions(options: DatagramTransportOptions): Required<DatagramTransportOptions> {
  return {
    flowsMax: whole('flowsMax', options.flowsMax ?? 65_536, 1, SEATS_MAX),
    undecidedMax: whole('undecidedMax', options.undecidedMax ?? 4096, 1, SEATS_MAX),
    undecidedDatagramsMax: whole('undecidedDatagramsMax', options.undecidedDatagramsMax ?? 32, 1, 1024),
    undecidedMs: whole('undecidedMs', options.undecidedMs ?? 5000, 1, INT32_MAX),
    queueMaxBytes: whole('queueMaxBytes', options.queueMaxBytes ?? MIB, 0, INT32_MAX),
    memoryBytes: Math.ceil(whole('memoryBytes', options.memoryBytes ?? MIB, MIB / 8, 1024 * MIB) / 8) * 8,
    eventsMax: whole('eventsMax', options.eventsMax ?? 1024, 1, MIB),
    offload: options.offload ?? true,
  };
}

/** The numbers the addon wants, in its order. @throws RangeError naming the option and its bounds. */
export function listenerNumbers(options: DatagramListenerOptions): readonly number[] {
  const { key } = options;
  const { offset, bytes, mask, value, other } = key ?? NO_KEY;
  return [
    whole('flowsMax', options.flowsMax ?? SEATS_MAX, 1, SEATS_MAX),
    whole('idleTimeoutMs', options.idleTimeoutMs, 1, INT32_MAX),
    whole('amplificationFactor', options.amplificationFactor ?? 0, 0, 1000),
    whole('inspectDatagrams', options.inspectDatagrams ?? 0, 0, 64),
    whole('inspectAnswers', options.inspectAnswers ?? 0, 0, 64),
    whole('key.bytes', bytes, key === undefined ? 0 : 1, 20),
    whole('key.offset', offset, 0, 1000),
    whole('key.mask', mask, 0, 255),
    whole('key.value', value, 0, 255),
    whole('key.other.offset', other?.offset ?? 0, 0, 1000),
    whole('key.other.mask', other?.mask ?? 0, other === undefined ? 0 : 1, 255),
    whole('key.other.value', other?.value ?? 0, 0, 255),
  ];
}

function whole(name: string, value: number, minimum: number, maximum: number): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  throw new RangeError(
    `datagram transport option ${name} must be a whole number from ${minimum} to ${maximum}, not ${value}`,
  );
}
