// Fuzzing of whole sessions, both roles: any frames from the peer, any acts of the user at any time. No exception, no lost or
// doubled stream, windows that add up, whole frames in the output, silence behind the end; and no split changes anything.
// FUZZ_SECONDS sets the time.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fuzzBudgetMs } from '../http1/test-support.ts';
import { DEFAULT_ABUSE_LIMITS } from './abuse-limits.ts';
import type { SessionCore } from './session-core.ts';
import { Http2Role } from './session-options.ts';
import { Column, StreamFlag } from './stream-table.ts';
import {
  continuation,
  data,
  everyByte,
  frame,
  goaway,
  headers,
  PREFACE,
  ping,
  priority,
  rst,
  settings,
  settingsAck,
  Talk,
  windowUpdate,
  word,
  zeros,
} from './test-support.ts';

/** What the peer does next: a kind, a choice of stream, a number. Mostly what it may; sometimes not. */
type Deed = readonly [kind: number, choice: number, amount: number];
const DEED: fc.Arbitrary<Deed> = fc.tuple(fc.nat(3999), fc.nat(9), fc.oneof(fc.nat(3000), fc.nat(0x7fffffff)));

/** `next`: the first identifier that is idle. Of those below, the last ten are chosen from. */
function peerFrame([raw, choice, amount]: Deed, next: number, byClient: boolean): Buffer {
  // One in a hundred names any stream, or is any frame.
  const kind = raw < 3960 ? Math.floor((raw * 390) / 3960) : 390 + (raw % 10);
  const recent = Math.max(1, next - 2 * (choice + 1));
  const id = kind < 390 ? recent : next + 2 * choice - 6;
  const small = amount % 3000;
  const ends = amount % 5 === 0 ? 1 : 0;
  if (kind < 70 && byClient) return headers(next, ends);
  if (next === 1 && kind < 390) return ping();
  if (kind < 20) return headers(id, ends);
  if (kind < 200) return data(id, zeros(small), ends);
  if (kind < 220) return data(id, Buffer.concat([Buffer.from([choice]), zeros(40)]), ends | 8);
  if (kind < 250) return windowUpdate(id, 1 + small);
  if (kind < 280) return windowUpdate(0, 1 + small);
  if (kind < 300) return rst(id);
  if (kind < 303) return headers(id, 1);
  if (kind < 335) return settings([4, small]);
  if (kind < 345) return settings([3, choice], [5, 16_384 + small], [1, small]);
  if (kind < 355) return priority(id, id + 2);
  if (kind < 365) return ping(kind % 2);
  if (kind < 370)
    return Buffer.concat([frame(1, ends, byClient ? next : id, '82'), continuation(byClient ? next : id, 4)]);
  if (kind < 374) return goaway(0x7fffffff);
  if (kind < 378) return goaway(id);
  if (kind < 384) return windowUpdate(id, amount % 7 === 0 ? amount : 0);
  if (kind < 388) return headers(byClient ? next : id, 0x20, `${word(byClient ? next : id)}00 82`);
  if (kind < 390) return settings([choice, amount]);
  if (kind < 393) return headers(Math.max(0, id), ends);
  if (kind < 396) return data(Math.max(0, id), zeros(small), ends);
  if (kind < 398) return windowUpdate(Math.max(0, id), amount);
  return frame(choice, amount & 0xff, Math.max(0, id), zeros(amount % 13));
}

const coreOf = (talk: Talk): SessionCore => (talk.session as unknown as { core: SessionCore }).core;

type Act = [kind: number, slot: number, amount: number];
const ACT: fc.Arbitrary<Act> = fc.tuple(fc.nat(11), fc.nat(7), fc.integer({ min: 0, max: 5000 }));
/** Low, so that they are met. */
const ABUSE = { ...DEFAULT_ABUSE_LIMITS, unsentBytesMax: 300, pings: { burst: 5, perSecond: 1 }, stallMs: 50 };
const OPTIONS = fc.record({
  role: fc.constantFrom(Http2Role.SERVER, Http2Role.SERVER, Http2Role.CLIENT),
  concurrentStreamsMax: fc.constantFrom(3, 20),
  streamWindowBytes: fc.constantFrom(500, 65_535, 100_000),
  connectionWindowBytes: fc.constantFrom(65_535, 100_000),
  abuse: fc.constantFrom(ABUSE, DEFAULT_ABUSE_LIMITS),
});

/** Follows the streams by what is told, and checks each word. */
class Follower {
  readonly talk: Talk;
  readonly live = new Set<number>();
  readonly unconsumed = new Map<number, number>();
  private readonly acts: readonly Act[];
  private acted = 0;
  private depth = 0;
  over = false;

  constructor(talk: Talk, acts: readonly Act[]) {
    this.talk = talk;
    this.acts = acts;
    talk.log.on = (event, slot) => this.hear(event, slot);
  }

  private hear(event: string, slot: number): void {
    assert.equal(this.over, false, `${event} behind the end`);
    if (event === 'over') this.over = true;
    if (event === 'head' && !this.live.has(slot)) this.opened(slot);
    if (slot !== -1) assert.ok(this.live.has(slot), `${event} for stream ${slot}, which is not open`);
    if (event === 'data') {
      const bytes = Number(this.talk.log.events.at(-1)!.split(' ')[2]);
      this.unconsumed.set(slot, this.unconsumed.get(slot)! + bytes);
    }
    if (event === 'closed') this.live.delete(slot);
    this.act();
  }

  private opened(slot: number): void {
    assert.ok(!this.live.has(slot));
    this.live.add(slot);
    this.unconsumed.set(slot, 0);
  }

  act(): void {
    if (this.depth > 2 || this.acts.length === 0) return;
    this.depth++;
    this.perform(this.acts[this.acted++ % this.acts.length]);
    this.depth--;
  }

  private perform([kind, choice, amount]: Act): void {
    const { session, now } = this.talk;
    const slots = [...this.live];
    const slot = slots[choice % slots.length];
    if (kind === 0) {
      const opened = session.openStream();
      if (opened === -1) return;
      this.opened(opened);
      session.sentHeaders(opened, amount % 2 === 0);
    }
    if (slot === undefined || session.fault !== 0) return;
    const ended = coreOf(this.talk).table.has(slot, StreamFlag.LOCAL_ENDED);
    if (kind === 1) session.reset(slot, 8);
    if (kind === 2 && amount % 7 === 0) session.failStream(slot, 27);
    if (kind === 3 && amount % 50 === 0) session.failConnection(26);
    if (kind === 4 && !ended) session.sentHeaders(slot, amount % 2 === 0);
    if ((kind === 5 || kind === 6) && !ended && amount > 0) {
      const allowed = session.sendable(slot, amount, now);
      assert.ok(allowed >= 0 && allowed <= amount && allowed <= session.peerSettings.frameBytesMax);
      session.sentData(slot, allowed, amount % 11 === 0, now);
    }
    if (kind === 7 || kind === 8) {
      const bytes = Math.min(amount, this.unconsumed.get(slot)!);
      this.unconsumed.set(slot, this.unconsumed.get(slot)! - bytes);
      session.consumed(slot, bytes);
    }
    if (kind === 9 && amount % 40 === 0) session.announceLeave();
    if (kind === 10 && amount % 40 === 0) session.leave();
    if (kind === 11) session.ping(amount, 0);
  }

  check(): void {
    const { session } = this.talk;
    const core = coreOf(this.talk);
    const { table, receiving, sending, options } = core;
    const size = Math.max(65_535, options.connectionWindowBytes);
    assert.equal(receiving.allowed + receiving.held + receiving.owed, size);
    let held = 0;
    for (const slot of this.live) {
      assert.notEqual(session.streamId(slot), 0);
      assert.equal(table.find(session.streamId(slot)), slot);
      held += table.get(slot, Column.HELD);
      const window = table.get(slot, Column.RECEIVE_WINDOW);
      assert.equal(window + table.get(slot, Column.HELD) + table.get(slot, Column.OWED), receiving.streamBytes);
      assert.ok(table.get(slot, Column.HELD) >= this.unconsumed.get(slot)!);
      assert.ok(table.get(slot, Column.SEND_WINDOW) <= 0x7fffffff);
    }
    assert.equal(receiving.held, held);
    assert.ok(sending.allowed >= 0 && sending.allowed <= 0x7fffffff);
    assert.equal(session.streamCount, this.live.size);
    assert.ok(this.live.size <= options.concurrentStreamsMax);
    session.isStalled(this.talk.now);
    for (const text of this.talk.sent()) {
      assert.doesNotMatch(text, /^(rst 0|frame)/);
      assert.doesNotMatch(text, /^window \d+ 0$/);
    }
    assert.equal(this.over, session.fault !== 0);
  }
}

const mergeData = (events: readonly string[]): string[] => {
  const merged: string[] = [];
  for (const event of events) {
    const [kind, slot, bytes] = event.split(' ');
    const last = merged.at(-1)?.split(' ');
    if (kind === 'data' && last?.[0] === 'data' && last[1] === slot) {
      merged[merged.length - 1] = `data ${slot} ${Number(last[2]) + Number(bytes)}`;
    } else merged.push(event);
  }
  return merged;
};

describe('Http2Session (fuzz)', () => {
  it('bears any frames and any user, and its numbers add up', () => {
    let calm = 0;
    const deeds = fc.array(DEED, { maxLength: 60, size: 'max' });
    const acts = fc.array(ACT, { maxLength: 25, size: 'max' });
    fc.assert(
      fc.property(OPTIONS, deeds, acts, fc.boolean(), (options, peerDeeds, userActs, split) => {
        const talk = new Talk(options);
        const follower = new Follower(talk, userActs);
        for (let count = 0; count < 4; count++) follower.act();
        const core = coreOf(talk);
        for (const deed of peerDeeds) {
          talk.now += 10;
          const next = core.isServer ? core.lastPeerStream + (core.lastPeerStream === 0 ? 1 : 2) : core.nextOwnStream;
          const bytes = peerFrame(deed, next, core.isServer);
          talk.hearInPieces(bytes, split ? [5, 9, 12, bytes.length - 1] : []);
          follower.act();
          follower.check();
        }
        if (talk.session.fault === 0 && peerDeeds.length > 30) calm++;
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
    assert.ok(calm > 0, 'some sessions live for a while');
  });

  it('does the same, however its bytes are split', () => {
    const deeds = fc.array(DEED, { maxLength: 30, size: 'max' });
    let calm = 0;
    fc.assert(
      fc.property(OPTIONS, deeds, fc.array(fc.nat(20_000), { maxLength: 10 }), (options, peerDeeds, cuts) => {
        const server = options.role === Http2Role.SERVER;
        const start = server ? [PREFACE] : [];
        let next = server ? 1 : 11;
        const peerFrames = peerDeeds.map((deed) => {
          const bytes = peerFrame(deed, next, server);
          if (server && bytes[3] === 1 && bytes.readUInt32BE(5) === next) next += 2;
          return bytes;
        });
        const bytes = Buffer.concat([...start, settings(), settingsAck(), ...peerFrames]);
        const outcomes = [[], cuts, everyByte(bytes).filter((at) => at < 2000)].map((ends) => {
          const talk = new Talk(options, false);
          if (options.role === Http2Role.CLIENT) for (let count = 0; count < 5; count++) talk.request(count % 2 === 0);
          talk.hearInPieces(bytes, ends);
          if (talk.session.fault === 0 && peerDeeds.length > 20) calm++;
          return { told: mergeData(talk.told()), sent: talk.sent() };
        });
        assert.deepEqual(outcomes[1], outcomes[0]);
        assert.deepEqual(outcomes[2], outcomes[0]);
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
    assert.ok(calm > 0, 'some sessions live for a while');
  });
});
