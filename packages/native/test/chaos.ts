// Chaos: the transport connects to itself, and random commands hit random connections at both ends. A model of the contract
// checks every event: who may still speak, what may not be said twice. With TLS, all TCP connections speak it.

import assert from 'node:assert/strict';
import { Event, RELAY_UNTIL_END, type StreamTransport, type TlsContext } from '../src/index.ts';
import { type SeenEvent, TransportHarness } from './transport-harness.ts';

interface Model {
  open: boolean;
  /** TLS_READY was seen. */
  ready?: boolean;
  ended: boolean;
  paused: boolean;
  /** RELAYs accepted and not yet answered by RELAYED. */
  relays: number;
}

export interface ChaosTls {
  readonly server: TlsContext;
  readonly client: TlsContext;
}

export class Chaos {
  readonly h = new TransportHarness({ connectionsMax: 24, queueMaxBytes: 300_000, receiveMaxBytes: 8192 });
  readonly live = new Map<number, Model>();
  readonly tags = [1, 2];
  readonly path: string;
  readonly port: number;
  /** The first broken rule; the batch handler itself must not throw. */
  failure: unknown;
  readonly #tls: ChaosTls | undefined;
  #state: number;

  constructor(seed: number, tls?: ChaosTls) {
    this.#state = seed;
    this.#tls = tls;
    this.port = this.h.listen(1);
    this.path = this.h.listenUnix(2);
    this.h.reaction = (event, transport) => {
      try {
        if (this.failure === undefined) this.check(event);
        if (tls !== undefined && event.kind === Event.ACCEPTED && event.a === 1) {
          assert.equal(transport.startTls(event.connection, tls.server, 0, 0), 0);
        }
      } catch (error) {
        this.failure = error;
      }
    };
  }

  random(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }

  check(event: SeenEvent): void {
    const { kind, connection, a } = event;
    if (kind === Event.LISTENER_PAUSED || kind === Event.LISTENER_RESUMED) return;
    if (kind === Event.ACCEPTED) {
      assert.ok(!this.live.has(connection), 'an id is given once');
      this.live.set(connection, { open: true, ended: false, paused: false, relays: 0 });
      return;
    }
    const model = this.live.get(connection);
    assert.ok(model, `event ${kind} of ${connection}, which is dead`);
    if (kind === Event.CONNECTED) {
      assert.ok(!model.open);
      model.open = true;
    } else if (kind === Event.CONNECT_FAILED) {
      assert.ok(!model.open && model.relays === 0);
      this.live.delete(connection);
    } else if (kind === Event.TLS_READY) {
      assert.ok(this.#tls !== undefined && model.open && !model.ready && !model.ended);
      model.ready = true;
    } else if (kind === Event.DATA || kind === Event.END) {
      assert.ok(model.open && !model.ended && !model.paused && model.relays === 0, `${kind}: ${JSON.stringify(model)}`);
      model.ended = kind === Event.END;
    } else if (kind === Event.RELAYED) {
      assert.ok(model.relays > 0, 'one RELAYED for each RELAY');
      model.relays--;
      if (event.c === 1) model.ended = true;
    } else if (kind === Event.CLOSED) {
      assert.ok(model.open && model.relays === 0, 'RELAYED comes before CLOSED');
      assert.ok(a !== 0 || model.ended, 'an orderly end was announced');
      this.live.delete(connection);
    }
  }

  connect(t: StreamTransport): void {
    try {
      const tcp = this.random(2) === 0;
      const id = tcp ? t.connect('127.0.0.1', this.port) : t.connectUnix(this.path);
      this.live.set(id, { open: false, ended: false, paused: false, relays: 0 });
      if (tcp && this.#tls !== undefined) t.startTlsClient(id, this.#tls.client, '', 'sessions');
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOBUFS');
    }
  }

  pick(): number {
    const ids = [...this.live.keys()];
    return ids.length === 0 || this.random(20) === 0 ? this.random(2 ** 31) : ids[this.random(ids.length)]!;
  }

  relay(t: StreamTransport, id: number): void {
    const bytes = this.random(3) === 0 ? RELAY_UNTIL_END : this.random(100_000);
    t.flush();
    const refused = t.refusedCommands;
    t.relay(id, this.pick(), bytes, this.random(2));
    t.flush();
    const model = this.live.get(id);
    if (model && t.refusedCommands === refused) model.relays++;
  }

  act(t: StreamTransport): void {
    const id = this.pick();
    const model = this.live.get(id);
    const action = this.random(32);
    if (action < 4) this.connect(t);
    else if (action < 14) t.send(id, this.random(50_000), this.random(60_000));
    else if (action < 19) this.relay(t, id);
    else if (action < 21) t.stopRelay(id);
    else if (action < 25) {
      if (action < 23) t.pause(id);
      else t.resume(id);
      if (model) model.paused = action < 23;
    } else if (action < 27) t.shutdown(id);
    else if (action < 28) t.deadline(id, this.random(30));
    else if (action < 29) t.idleDeadline(id, this.random(30));
    else if (action < 31) {
      if (action < 30) t.close(id, this.random(20));
      else t.reset(id);
      this.live.delete(id);
    } else t.send(id, this.random(2 ** 24), this.random(2 ** 24));
  }
}

const ROUNDS = 400;
const ROUNDS_MAX = 20_000;

function unseen(h: TransportHarness): number[] {
  const kinds = [Event.DATA, Event.END, Event.RELAYED, Event.CLOSED, Event.DEADLINE, Event.DRAINED];
  return kinds.filter((kind) => h.count(kind) === 0);
}

/** Lets it loose until everything has happened, then closes all and looks for what is left. */
export async function runChaos(chaos: Chaos): Promise<void> {
  const { h } = chaos;
  try {
    // Deadlines depend on time: on a fast machine 400 rounds may be over before one has passed.
    for (let round = 0; round < ROUNDS || (round < ROUNDS_MAX && unseen(h).length > 0); round++) {
      h.run((t) => {
        for (let i = chaos.random(8); i >= 0; i--) chaos.act(t);
      });
      if (chaos.random(3) !== 0) await new Promise(setImmediate);
      if (chaos.failure !== undefined) throw chaos.failure;
    }
    for (const tag of chaos.tags) h.transport.unlisten(tag, true);
    h.run((t) => {
      for (const id of [...chaos.live.keys()]) t.close(id, 30);
      chaos.live.clear();
    });
    await h.until('all seats', () => h.transport.connectionCount === 0);
    assert.equal(chaos.failure, undefined);
    assert.ok(h.transport.queuedBytes.every((bytes) => bytes === 0));
    assert.equal(h.transport.handshakes, 0);
    assert.deepEqual(unseen(h), [], 'the schedule never led to these events');
  } finally {
    h.close();
  }
}
