// Options of the stream transport: defaults, bounds and the check. Must not know what the transport is used for.

export interface StreamTransportOptions {
  /** Seats for connections, both sides together. 1 … 1,048,575. Default 65,536. Accepting pauses when all are taken. */
  readonly connectionsMax?: number;
  /**
   * Connections of all listeners together; 0: as many as there are seats. Accepting pauses at it; listeners with few connections still
   * get some when the others have nearly all. 0 … 1,048,575. Default 0.
   */
  readonly acceptedMax?: number;
  /** Receive region of `memory`. At least 4 × receiveMaxBytes, at most 1 GiB. Default 4 MiB. */
  readonly receivePoolBytes?: number;
  /** Most bytes in one DATA event; in the first one after a pause 16 KiB. 1 … 16 MiB. Default 64 KiB. */
  readonly receiveMaxBytes?: number;
  /** Send arena region of `memory`: also the longest single piece JavaScript can compose. 1 … 1 GiB. Default 4 MiB. */
  readonly arenaBytes?: number;
  /** Unsent bytes one connection may queue before it is reset with ENOBUFS. 1 … 2 GiB - 1. Default 8 MiB. */
  readonly queueMaxBytes?: number;
  /**
   * Memory of all queues together beyond which a relay moves small pieces (4 KiB), so that many slow readers do not queue many large
   * ones; beyond a fourth of it steps of splicing are 256 KiB instead of 1 MiB. 1 … 2^53 - 1. Default: no such bound.
   */
  readonly queuedMemoryHighBytes?: number;
  /** Events per batch. 1 … 1,048,576. Default 4,096. */
  readonly eventsMax?: number;
  /** Commands per flush; the ring flushes itself when full. 1 … 1,048,576. Default 16,384. */
  readonly commandsMax?: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Fills in defaults. Regions are rounded up to 8 bytes. @throws RangeError naming the option and its bounds. */
export function resolveStreamTransportOptions(options: StreamTransportOptions): Required<StreamTransportOptions> {
  const receiveMaxBytes = whole('receiveMaxBytes', options.receiveMaxBytes ?? 64 * KIB, 1, 16 * MIB);
  const poolMin = Math.max(4 * receiveMaxBytes, 4 * KIB);
  return {
    connectionsMax: whole('connectionsMax', options.connectionsMax ?? 65_536, 1, 2 ** 20 - 1),
    acceptedMax: whole('acceptedMax', options.acceptedMax ?? 0, 0, 2 ** 20 - 1),
    receivePoolBytes: roundUp(
      whole('receivePoolBytes', options.receivePoolBytes ?? Math.max(4 * MIB, poolMin), poolMin, GIB),
    ),
    receiveMaxBytes,
    arenaBytes: roundUp(whole('arenaBytes', options.arenaBytes ?? 4 * MIB, 1, GIB)),
    queueMaxBytes: whole('queueMaxBytes', options.queueMaxBytes ?? 8 * MIB, 1, 2 ** 31 - 1),
    queuedMemoryHighBytes: whole(
      'queuedMemoryHighBytes',
      options.queuedMemoryHighBytes ?? Number.MAX_SAFE_INTEGER,
      1,
      Number.MAX_SAFE_INTEGER,
    ),
    eventsMax: whole('eventsMax', options.eventsMax ?? 4096, 1, 2 ** 20),
    commandsMax: whole('commandsMax', options.commandsMax ?? 16_384, 1, 2 ** 20),
  };
}

function whole(name: string, value: number, minimum: number, maximum: number): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  throw new RangeError(
    `stream transport option ${name} must be a whole number from ${minimum} to ${maximum}, not ${value}`,
  );
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
