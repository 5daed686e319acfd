import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SecondText } from './second-text.ts';
import { WallClock } from './wall-clock.ts';

function textsOf(zone: string, instant: string): SecondText {
  process.env.TZ = zone;
  const text = new SecondText();
  text.show(Date.parse(instant) / 1000);
  return text;
}

describe('the texts of a second', () => {
  it('in several time zones, with and without daylight saving', () => {
    const cases = [
      ['UTC', '2026-07-01T12:00:00Z', '2026-07-01T12:00:00', 'Z', '01/Jul/2026:12:00:00 +0000'],
      ['Europe/Berlin', '2026-01-31T23:30:00Z', '2026-02-01T00:30:00', '+01:00', '01/Feb/2026:00:30:00 +0100'],
      ['Europe/Berlin', '2026-07-01T12:00:00Z', '2026-07-01T14:00:00', '+02:00', '01/Jul/2026:14:00:00 +0200'],
      ['America/St_Johns', '2026-01-01T01:00:00Z', '2025-12-31T21:30:00', '-03:30', '31/Dec/2025:21:30:00 -0330'],
      ['Asia/Kathmandu', '2028-02-29T00:00:00Z', '2028-02-29T05:45:00', '+05:45', '29/Feb/2028:05:45:00 +0545'],
    ] as const;
    for (const [zone, instant, local, offset, column] of cases) {
      const text = textsOf(zone, instant);
      assert.deepEqual([text.local, text.zone, text.localColumn], [local, offset, column], zone);
      assert.equal(text.utc, instant.slice(0, -1));
      assert.equal(text.jsonEnd, `,"time":"${local}${offset}"}\n`);
      assert.match(text.utcColumn, / \+0000$/);
    }
  });

  it('follow the second that is asked for', () => {
    const text = textsOf('UTC', '2026-07-01T12:00:00Z');
    text.show(Date.parse('2026-12-31T23:59:59Z') / 1000);
    assert.equal(text.utcColumn, '31/Dec/2026:23:59:59 +0000');
  });
});

describe('the time of day', () => {
  it('is followed within a second when the system clock is set', () => {
    let monotonicMs = 5_000;
    let wallMs = 1_700_000_000_000;
    const clock = new WallClock({ monotonic: () => monotonicMs, wall: () => wallMs });
    assert.equal(clock.at(5_000.25), 1_700_000_000_000.25);
    assert.equal(clock.at(4_000), 1_699_999_999_000, 'a request that began earlier');
    wallMs += 3_600_000;
    monotonicMs += 900;
    assert.equal(clock.at(monotonicMs), 1_700_000_000_900, 'not looked at for every line');
    monotonicMs += 200;
    wallMs += 1_100;
    assert.equal(clock.at(monotonicMs), wallMs);
  });

  it('is not disturbed by the grain of the two clocks', () => {
    let monotonicMs = 0;
    const clock = new WallClock({ monotonic: () => monotonicMs, wall: () => 1_000_000 + Math.floor(monotonicMs) });
    for (; monotonicMs < 20_000; monotonicMs += 333.3) {
      assert.ok(Math.abs(clock.at(monotonicMs) - 1_000_000 - monotonicMs) < 1);
    }
  });
});
