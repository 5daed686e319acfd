// Two peers talk to each other through a relay of the transport, each as its own plan says: in which pieces it sends, when it pauses,
// how slowly it reads, when it ends. What arrives is compared with what was sent, by hashes; what a reset cuts off is a beginning of it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type net from 'node:net';
import { Event, RELAY_SHUTDOWN, RELAY_UNTIL_END, RelayEnd, type StreamTransport } from '../src/index.ts';
import type { Side } from './schedule.ts';
import type { TlsHarness } from './tls-harness.ts';
import { delay, type SeenEvent, seededBytes } from './transport-harness.ts';

export interface Write {
  readonly bytes: number;
  /** Before it. */
  readonly pauseMs: number;
}

export interface Plan {
  readonly writes: readonly Write[];
  /** Positions in what it receives at which it reads nothing for a moment. */
  readonly standstills: readonly number[];
  /** `last`: only when the other one has ended. `reset`: after the writes, with RST, whatever is under way. */
  readonly ending: 'own' | 'last' | 'reset';
}

/** What a peer does and sees. */
class Peer {
  readonly sent: Buffer;
  readonly ended: Promise<void>;
  /** It was told that nothing follows. */
  sawEnd = false;
  readonly #socket: net.Socket;
  readonly #plan: Plan;
  readonly #chunks: Buffer[] = [];

  constructor(socket: net.Socket, plan: Plan, seed: number) {
    this.#socket = socket;
    this.#plan = plan;
    const bytes = plan.writes.reduce((sum, write) => sum + write.bytes, 0);
    this.sent = seededBytes(bytes, seed);
    this.ended = new Promise((resolve) => {
      socket.on('end', () => {
        this.sawEnd = true;
        resolve();
      });
      socket.on('close', () => resolve());
    });
    this.#read();
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #read(): void {
    const standstills = [...this.#plan.standstills].sort((x, y) => x - y);
    let total = 0;
    this.#socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      total += chunk.length;
      if (standstills.length === 0 || total < standstills[0]!) return;
      standstills.shift();
      this.#socket.pause();
      setTimeout(() => this.#socket.resume(), 4);
    });
    this.#socket.resume();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.once('drain', resolve);
      this.#socket.once('close', () => resolve());
    });
  }

  async play(): Promise<void> {
    const { writes, ending } = this.#plan;
    let at = 0;
    for (const { bytes, pauseMs } of writes) {
      if (pauseMs > 0) await delay(pauseMs);
      if (this.#socket.destroyed) return;
      const isFree = this.#socket.write(this.sent.subarray(at, at + bytes));
      at += bytes;
      if (!isFree) await this.#drained();
    }
    if (ending === 'last') await this.ended;
    if (ending === 'reset') this.#socket.resetAndDestroy();
    else if (!this.#socket.destroyed) this.#socket.end();
  }
}

/** What stands between the peers: joins their connections, and passes a broken one on as a reset of the other. */
class Joint {
  readonly moved = new Map<number, number>();
  isBroken = false;
  readonly #left: number;
  readonly #right: number;

  constructor(left: number, right: number) {
    this.#left = left;
    this.#right = right;
  }

  see({ kind, connection, a, b, c }: SeenEvent, transport: StreamTransport): void {
    const other = connection === this.#left ? this.#right : this.#left;
    if (kind === Event.RELAYED) {
      this.moved.set(connection, (b >>> 0) * 2 ** 32 + (a >>> 0));
      if (c === RelayEnd.SOURCE_BROKEN) this.#break(transport, other);
    }
    if (kind === Event.CLOSED && a !== 0) this.#break(transport, other);
  }

  #break(transport: StreamTransport, other: number): void {
    this.isBroken = true;
    transport.reset(other);
  }
}

export interface TwoWay {
  readonly left: Plan;
  readonly right: Plan;
  readonly seed: number;
  /** So much of what the left one sends, if it is as much, comes to JavaScript before the two are joined. */
  readonly early: number;
  /** Flags of the relays beside RELAY_SHUTDOWN. */
  readonly manner: number;
}

/** Our connection and its peer's socket. */
export interface Talker extends Side {
  readonly isTls: boolean;
}

/** Plays both plans and compares. @returns bytes that relays have moved; undefined when one was cut off */
export async function talk(h: TlsHarness, left: Talker, right: Talker, plans: TwoWay): Promise<number | undefined> {
  const joint = new Joint(left.id, right.id);
  h.onEvent = (event, transport) => joint.see(event, transport);
  const [atLeft, atRight] = [
    new Peer(left.socket, plans.left, plans.seed),
    new Peer(right.socket, plans.right, plans.seed + 1),
  ];
  const played = Promise.all([atLeft.play(), atRight.play()]);
  const come = ({ id, isTls }: Talker): Buffer => (isTls ? h.decrypted(id) : h.received(id));
  const wanted = Math.min(plans.early, atLeft.sent.length);
  await h.until('what comes before', () => joint.isBroken || come(left).length >= wanted);
  const early = [come(left).length, come(right).length] as const;
  if (!joint.isBroken) {
    // As a proxy does that has held what came first.
    h.send(right.id, come(left));
    h.send(left.id, come(right));
    h.run((t) => {
      t.relay(left.id, right.id, RELAY_UNTIL_END, RELAY_SHUTDOWN | plans.manner);
      t.relay(right.id, left.id, RELAY_UNTIL_END, RELAY_SHUTDOWN | plans.manner);
    });
  }
  await played;
  await h.until('the end of both', () => h.transport.connectionCount === 0);
  await Promise.all([atLeft.ended, atRight.ended]);
  compare(atLeft, atRight, joint.isBroken);
  compare(atRight, atLeft, joint.isBroken);
  const moved = [joint.moved.get(left.id) ?? 0, joint.moved.get(right.id) ?? 0] as const;
  assert.ok(h.transport.queuedBytes.every((bytes) => bytes === 0));
  const mayBreak = plans.left.ending === 'reset' || plans.right.ending === 'reset';
  assert.ok(mayBreak || !joint.isBroken, 'nothing breaks that nobody breaks');
  if (joint.isBroken) return undefined;
  assert.deepEqual(moved, [atLeft.sent.length - early[0], atRight.sent.length - early[1]]);
  return moved[0] + moved[1];
}

/** Whoever is cut off has a beginning of what was sent; it may think that is all, as libuv takes a reset behind bytes for an end. */
function compare(sender: Peer, receiver: Peer, isBroken: boolean): void {
  const { received, sawEnd } = receiver;
  if (!isBroken) assert.deepEqual([received.length, sawEnd], [sender.sent.length, true]);
  assert.equal(digest(received), digest(sender.sent.subarray(0, received.length)));
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
