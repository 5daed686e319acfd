import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LineOutput, type LineOutputOptions } from './line-output.ts';
import { LINE_MAX_BYTES, UselessTarget } from './log-target.ts';
import { OutputTroubles, WARN_INTERVAL_MS } from './output-troubles.ts';
import { MemoryTarget } from './testing/memory-target.ts';

const SMALL_RING = 2 * LINE_MAX_BYTES;

interface Report {
  readonly kind: 'trouble' | 'recovered' | 'reopen-failed';
  readonly code?: string | undefined;
  readonly dropped?: number;
}

class OutputUnderTest {
  readonly reports: Report[] = [];
  readonly troubles: OutputTroubles;
  readonly output: LineOutput;
  readonly put: string[] = [];
  nowMs = 0;

  constructor(options: Partial<LineOutputOptions> & Pick<LineOutputOptions, 'target'>) {
    this.troubles = new OutputTroubles(
      {
        onTrouble: (error, dropped) => this.reports.push({ kind: 'trouble', code: error?.code, dropped }),
        onRecovered: (dropped) => this.reports.push({ kind: 'recovered', dropped }),
        onReopenFailed: (error) =>
          this.reports.push({ kind: 'reopen-failed', code: (error as NodeJS.ErrnoException).code }),
      },
      () => this.nowMs,
    );
    this.output = new LineOutput({ troubles: this.troubles, ...options });
  }

  /** False when the line was dropped. */
  line(text: string): boolean {
    const start = this.output.begin();
    if (start === -1) return false;
    const end = start + this.output.ring.bytes.write(`${text}\n`, start, 'latin1');
    this.output.commit(start, end);
    this.put.push(text);
    return true;
  }

  /** Until one is dropped. */
  fill(length: number): void {
    while (this.line(`${this.put.length} ${'x'.repeat(length)}`));
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > deadline) assert.fail('it did not happen');
    await sleep(2);
  }
}

describe('collecting', () => {
  it('writes a single line soon, without being asked', async () => {
    const target = new MemoryTarget();
    const test = new OutputUnderTest({ target });
    test.line('a');
    assert.equal(target.writes.length, 0, 'not in the turn of the request');
    await until(() => target.text === 'a\n');
  });

  it('puts lines of a moment into one write', async () => {
    const target = new MemoryTarget();
    const test = new OutputUnderTest({ target });
    for (let i = 0; i < 100; i++) test.line(`line ${i}`);
    await until(() => target.lines.length === 100);
    assert.equal(target.writes.length, 1);
  });

  it('does not wait when there is enough', async () => {
    const target = new MemoryTarget({ eagerBytes: 50 });
    const test = new OutputUnderTest({ target, bufferedLines: 0 });
    for (let i = 0; i < 10; i++) test.line('0123456789');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(target.writes.length, 1);
  });

  it('collects as many lines as asked for', async () => {
    const target = new MemoryTarget({ eagerBytes: 1 });
    const test = new OutputUnderTest({ target, bufferedLines: 5 });
    for (let i = 0; i < 4; i++) test.line('x');
    await sleep(60);
    assert.equal(target.writes.length, 0);
    test.line('x');
    await until(() => target.lines.length === 5);
    for (let i = 0; i < 4; i++) test.line('y');
    await sleep(60);
    assert.equal(target.lines.length, 5, 'it counts from the beginning again');
  });

  it('does not keep them longer than a second', async () => {
    const target = new MemoryTarget();
    const test = new OutputUnderTest({ target, bufferedLines: 1_000_000 });
    test.line('x');
    await until(() => target.text === 'x\n');
  });
});

describe('writing', () => {
  it('keeps to the size of a write, in whole lines', async () => {
    const target = new MemoryTarget({ writeMaxBytes: 100, answersAtOnce: true });
    const test = new OutputUnderTest({ target });
    for (let i = 0; i < 1_000; i++) test.line(`${i} ${'x'.repeat(i % 60)}`);
    await test.output.flush(60_000);
    assert.deepEqual(target.lines, test.put);
    for (const piece of target.pieces) assert.equal(piece.at(-1), '\n');
  });

  it('does not hold up the loop while a reader takes everything', async () => {
    const target = new MemoryTarget({ writeMaxBytes: 4096, answersAtOnce: true });
    const test = new OutputUnderTest({ target });
    while (test.output.ring.size < 1 << 20) test.line('x'.repeat(1000));
    let longest = 0;
    const flushed = test.output.flush(60_000);
    for (let before = target.text.length; target.text.length < 1 << 20; before = target.text.length) {
      await new Promise((resolve) => setImmediate(resolve));
      longest = Math.max(longest, target.text.length - before);
    }
    await flushed;
    assert.ok(longest <= 64 * 1024 + 4096, `${longest} bytes in one turn`);
  });

  it('goes on where a write ended early', async () => {
    let round = 0;
    const target = new MemoryTarget({ onWrite: (length) => Math.max(1, Math.floor(length * ((round++ % 7) / 7))) });
    const test = new OutputUnderTest({ target });
    for (let i = 0; i < 500; i++) test.line(`${i} ${'x'.repeat((i * 7) % 90)}`);
    await test.output.flush(10_000);
    assert.deepEqual(target.lines, test.put);
    assert.deepEqual(test.reports, []);
  });

  it('tries again when a pipe is full, and says nothing as long as no line is lost', async () => {
    let refusals = 5;
    const target = new MemoryTarget({ onWrite: (length) => (refusals-- > 0 ? 'EAGAIN' : length), answersAtOnce: true });
    const test = new OutputUnderTest({ target });
    test.line('a');
    test.line('b');
    await until(() => target.text === 'a\nb\n');
    assert.deepEqual(test.reports, []);
  });

  it('survives a disk that is full for a while, without losing what fits into memory', async () => {
    let full = true;
    const target = new MemoryTarget({ onWrite: (length) => (full ? 'ENOSPC' : length) });
    const test = new OutputUnderTest({ target });
    for (let i = 0; i < 10; i++) test.line(`line ${i}`);
    await until(() => target.writes.length >= 3);
    assert.deepEqual(test.reports, [{ kind: 'trouble', code: 'ENOSPC', dropped: 0 }]);
    full = false;
    await until(() => test.reports.length === 2);
    assert.deepEqual(test.reports[1], { kind: 'recovered', dropped: 0 });
    assert.deepEqual(target.lines, test.put);
  });
});

describe('a target that takes nothing', () => {
  it('costs the lines that find no room, all of them counted, none torn', async () => {
    let stalled = true;
    const target = new MemoryTarget({ onWrite: (length) => (stalled ? 'EAGAIN' : length), answersAtOnce: true });
    const test = new OutputUnderTest({ target, ringBytes: SMALL_RING });
    test.fill(1000);
    for (let i = 0; i < 41; i++) assert.equal(test.line('lost'), false);
    assert.equal(test.troubles.dropped, 42);
    assert.deepEqual(test.reports, [{ kind: 'trouble', code: undefined, dropped: 1 }]);
    stalled = false;
    await until(() => test.reports.length === 2);
    assert.deepEqual(test.reports[1], { kind: 'recovered', dropped: 41 });
    assert.deepEqual(target.lines, test.put);
    assert.equal(test.line('again'), true);
    await until(() => target.text.endsWith('\nagain\n'));
  });

  it('is mentioned once in a while, with the number of lines lost since', () => {
    const target = new MemoryTarget({ onWrite: () => 'EAGAIN' });
    const test = new OutputUnderTest({ target, ringBytes: SMALL_RING });
    test.fill(1000);
    for (let minute = 1; minute <= 2; minute++) {
      for (let i = 0; i < 10; i++) test.line('lost');
      test.nowMs = minute * WARN_INTERVAL_MS - 1;
      test.line('lost');
      test.nowMs = minute * WARN_INTERVAL_MS;
      test.line('lost');
    }
    assert.deepEqual(
      test.reports.map(({ dropped }) => dropped),
      [1, 12, 12],
    );
    test.output.close();
  });

  it('does not keep `flush` waiting for ever', async () => {
    const target = new MemoryTarget({ onWrite: () => 'EAGAIN' });
    const test = new OutputUnderTest({ target });
    test.line('x');
    const from = performance.now();
    await test.output.flush(50);
    assert.ok(performance.now() - from < 30_000);
    test.output.close();
  });
});

describe('opening anew', () => {
  it('loses no line and tears none, whenever it happens', async () => {
    const targets = [new MemoryTarget()];
    const open = () => {
      targets.push(new MemoryTarget({ onWrite: (length) => Math.ceil(length / 2) }));
      return Promise.resolve(targets.at(-1)!);
    };
    const test = new OutputUnderTest({ target: targets[0]!, open });
    for (let i = 0; i < 400; i++) {
      test.line(`line ${i}`);
      if (i % 40 === 7) void test.output.reopen();
      if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (i % 90 === 0) await sleep(15);
    }
    await test.output.flush(60_000);
    assert.equal(targets.length, 11);
    const whole = targets.flatMap(({ text }) => text.split('\n').slice(0, -1));
    assert.deepEqual([...new Set(whole)], test.put);
    assert.equal(targets.filter(({ isClosed }) => isClosed).length, 10, 'all but the last are closed');
  });

  it('begins a line again that the old target has got in part', async () => {
    const old = new MemoryTarget({ onWrite: (length) => (old.text === '' ? Math.ceil(length / 2) : 'ENOSPC') });
    const fresh = new MemoryTarget();
    const test = new OutputUnderTest({ target: old, open: () => Promise.resolve(fresh) });
    test.line('0123456789');
    await until(() => old.text !== '');
    await until(() => test.reports.length > 0);
    await test.output.reopen();
    await test.output.flush(60_000);
    assert.equal(fresh.text, '0123456789\n');
  });

  it('that fails leaves the old target in use', async () => {
    const target = new MemoryTarget();
    const open = () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' }));
    const test = new OutputUnderTest({ target, open });
    await test.output.reopen();
    test.line('x');
    await test.output.flush(60_000);
    assert.equal(target.text, 'x\n');
    assert.deepEqual(test.reports, [{ kind: 'reopen-failed', code: 'EACCES' }]);
  });

  it('happens by itself when the reader of a pipe has left', async () => {
    const old = new MemoryTarget({ onWrite: () => 'EPIPE', answersAtOnce: true });
    const fresh = new MemoryTarget();
    const test = new OutputUnderTest({ target: old, open: () => Promise.resolve(fresh) });
    test.line('x');
    await until(() => fresh.text === 'x\n');
    assert.deepEqual(
      test.reports.map(({ kind, code }) => [kind, code]),
      [
        ['trouble', 'EPIPE'],
        ['recovered', undefined],
      ],
    );
  });

  it('is tried again and again where nothing could be opened at first', async () => {
    let attempts = 0;
    const fresh = new MemoryTarget();
    const open = () => (++attempts < 3 ? Promise.reject(new Error('still not')) : Promise.resolve(fresh));
    const target = new UselessTarget(Object.assign(new Error('not there'), { code: 'ENOENT' }));
    const test = new OutputUnderTest({ target, open });
    test.line('x');
    await until(() => fresh.text === 'x\n');
    assert.equal(attempts, 3);
    assert.deepEqual(
      test.reports.map(({ kind, code }) => [kind, code]),
      [
        ['trouble', 'ENOENT'],
        ['recovered', undefined],
      ],
    );
  });

  it('is nothing where there is no name to open', async () => {
    const target = new MemoryTarget();
    await new OutputUnderTest({ target }).output.reopen();
    assert.equal(target.isClosed, false);
  });
});

describe('the end of the process', () => {
  it('writes what waits at once, beside what a thread is writing already', async () => {
    const target = new MemoryTarget({ eagerBytes: 1 });
    const test = new OutputUnderTest({ target });
    test.line('in flight');
    await until(() => target.writes.length === 1);
    test.line('waiting');
    test.output.flushNow();
    assert.ok(target.text.endsWith('waiting\n'));
  });

  it('closes the target, during a write when that has ended', async () => {
    const target = new MemoryTarget({ eagerBytes: 1 });
    const test = new OutputUnderTest({ target });
    test.line('x');
    await until(() => target.writes.length === 1);
    test.output.close();
    await until(() => target.isClosed);
    assert.equal(target.text, 'x\n');
  });

  it('closes what was opened too late', async () => {
    const late = new MemoryTarget();
    const test = new OutputUnderTest({ target: new MemoryTarget(), open: () => Promise.resolve(late) });
    const opened = test.output.reopen();
    test.output.close();
    await opened;
    assert.equal(late.isClosed, true);
  });
});
