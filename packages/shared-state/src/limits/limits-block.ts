// The `limits` shared memory: what is limited over all workers of a node, so that a limit means the node and not a worker; and how
// many clients each of them has.
// Layout and sizes only. Created once by the supervisor, inherited by workers; the counts are worker's, one word per slot.

import { CLIENT_KEY_WORDS, ClientCounts } from './client-counts.ts';
import { KnownIds } from './known-ids.ts';
import { SlotCounts } from './slot-counts.ts';
import { SlotLoad } from './slot-load.ts';

const LAYOUT_VERSION = 3;
const HEADER_WORDS = 32;
const ENTRY_POINTS_ALONE = 64;
const Header = { VERSION: 0, SLOTS: 1, ENTRY_POINTS: 2, SERVER_ROWS: 3, CLIENT_KEY: 8 } as const;

export interface LimitsShape {
  readonly slots: number;
  readonly entryPoints: number;
  /** Rows for servers whose connections are limited; numbered as rows of the server status are. */
  readonly serverRows: number;
}

export class LimitsBlock {
  /** Client connections by entry point, in the order of the static configuration. */
  readonly entryPoints: SlotCounts;
  /** Client connections by entry point and address. */
  readonly clients: ClientCounts;
  /** Connections to a server: those being made, in use, and idle. */
  readonly serverConnections: SlotCounts;
  /** Exchanges that wait for a connection to a server. */
  readonly serverQueues: SlotCounts;
  /** Clients of all entry points by slot, limited or not. */
  readonly load: SlotLoad;
  /** Servers of QUIC connections, by their ids. Outlive the workers that have put them there. */
  readonly knownIds: KnownIds;

  static byteLength(shape: LimitsShape): number {
    return layoutOf(shape).end;
  }

  /** @param buffer zero-filled. @param key CLIENT_KEY_WORDS random words. */
  static create(buffer: ArrayBuffer, shape: LimitsShape, key: Uint32Array): LimitsBlock {
    const words = new Uint32Array(buffer, 0, HEADER_WORDS);
    words[Header.VERSION] = LAYOUT_VERSION;
    words[Header.SLOTS] = shape.slots;
    words[Header.ENTRY_POINTS] = shape.entryPoints;
    words[Header.SERVER_ROWS] = shape.serverRows;
    words.set(key.subarray(0, CLIENT_KEY_WORDS), Header.CLIENT_KEY);
    return new LimitsBlock(buffer);
  }

  /** For a worker that shares its limits with nobody. @param serverRows as many as the server status has. */
  static alone(slot: number, serverRows: number): LimitsBlock {
    const shape = { slots: slot + 1, entryPoints: ENTRY_POINTS_ALONE, serverRows };
    const key = new Uint32Array(CLIENT_KEY_WORDS);
    return LimitsBlock.create(new ArrayBuffer(LimitsBlock.byteLength(shape)), shape, key);
  }

  /** @throws Error when the block was made by another layout version. */
  constructor(buffer: ArrayBuffer) {
    const words = new Uint32Array(buffer, 0, HEADER_WORDS);
    if (words[Header.VERSION] !== LAYOUT_VERSION) {
      throw new Error(`limits block has layout version ${words[Header.VERSION]}, expected ${LAYOUT_VERSION}`);
    }
    const slots = words[Header.SLOTS];
    const entryPoints = words[Header.ENTRY_POINTS];
    const serverRows = words[Header.SERVER_ROWS];
    const layout = layoutOf({ slots, entryPoints, serverRows });
    this.entryPoints = new SlotCounts(buffer, layout.entryPoints, entryPoints, slots);
    this.serverConnections = new SlotCounts(buffer, layout.serverConnections, serverRows, slots);
    this.serverQueues = new SlotCounts(buffer, layout.serverQueues, serverRows, slots);
    this.load = new SlotLoad(buffer, layout.load, slots);
    this.knownIds = new KnownIds(buffer, layout.knownIds, slots);
    const key = words.slice(Header.CLIENT_KEY, Header.CLIENT_KEY + CLIENT_KEY_WORDS);
    this.clients = new ClientCounts(buffer, layout.clients, slots, key);
  }

  /** The worker of a slot is gone: nothing of what it counted exists any more. Before another one is started there. */
  clearSlot(slot: number, usedServerRows: Iterable<number>): void {
    const rows = [...usedServerRows];
    this.entryPoints.clearSlot(slot, Array(this.entryPoints.rows).keys());
    this.clients.clearSlot(slot);
    this.serverConnections.clearSlot(slot, rows);
    this.serverQueues.clearSlot(slot, rows);
    this.load.clearSlot(slot);
  }
}

/** Where the parts begin, in bytes. */
function layoutOf({ slots, entryPoints, serverRows }: LimitsShape) {
  const entryPointsAt = HEADER_WORDS * 4;
  const serverConnections = entryPointsAt + SlotCounts.byteLength(entryPoints, slots);
  const serverQueues = serverConnections + SlotCounts.byteLength(serverRows, slots);
  const load = serverQueues + SlotCounts.byteLength(serverRows, slots);
  const clients = load + SlotLoad.byteLength(slots);
  const knownIds = clients + ClientCounts.byteLength(slots);
  return {
    entryPoints: entryPointsAt,
    serverConnections,
    serverQueues,
    load,
    clients,
    knownIds,
    end: knownIds + KnownIds.byteLength(slots),
  };
}
