import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LineOutput } from './line-output.ts';
import { ATOMIC_BYTES, FileTarget, type LogTarget, StreamTarget } from './log-target.ts';
import { openLogTarget } from './open-log-target.ts';
import { OutputTroubles } from './output-troubles.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-access-log-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Collects what was reported; lines in it are numbered. */
class RealOutput {
  readonly reports: string[] = [];
  readonly troubles: OutputTroubles;
  readonly output: LineOutput;
  written = 0;

  constructor(target: LogTarget, ringBytes?: number) {
    this.troubles = new OutputTroubles({
      onTrouble: (error) => this.reports.push(error?.code ?? 'slow'),
      onRecovered: () => this.reports.push('recovered'),
      onReopenFailed: (error) => this.reports.push(error.message),
    });
    this.output = new LineOutput({ target, troubles: this.troubles, ringBytes: ringBytes ?? 1 << 20 });
  }

  line(length = 40): boolean {
    const start = this.output.begin();
    if (start === -1) return false;
    const text = `${this.written} ${'x'.repeat(length)}\n`;
    this.output.commit(start, start + this.output.ring.bytes.write(text, start, 'latin1'));
    this.written++;
    return true;
  }

  async end(): Promise<void> {
    await this.output.flush(60_000);
    this.output.close();
  }
}

async function outputTo(path: string, ringBytes?: number): Promise<RealOutput> {
  return new RealOutput(await openLogTarget(path), ringBytes);
}

/** Everything is a numbered line, and numbers follow each other. */
function assertInOrder(text: string, count: number): void {
  const numbers = text
    .split('\n')
    .slice(0, -1)
    .map((line) => Number(/^(\d+) x+$/.exec(line)?.[1]));
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, index) => index),
  );
}

describe('a file', () => {
  it('is made with its folders, readable as the umask allows', async () => {
    const path = join(folder, 'a/b/access.log');
    const test = await outputTo(path);
    test.line();
    await test.end();
    assertInOrder(readFileSync(path, 'utf8'), 1);
    assert.equal(statSync(path).mode & 0o777, 0o664 & ~process.umask());
    assert.equal(statSync(join(folder, 'a/b')).mode & 0o777, 0o755 & ~process.umask());
  });

  it('is appended to', async () => {
    const path = join(folder, 'appended.log');
    writeFileSync(path, 'before\n');
    const test = await outputTo(path);
    test.line();
    await test.end();
    assert.match(readFileSync(path, 'utf8'), /^before\n0 x+\n$/);
  });

  it('takes lines of several writers whole', async () => {
    const path = join(folder, 'shared.log');
    const tests = await Promise.all([0, 1, 2].map(() => outputTo(path)));
    for (let i = 0; i < 3_000; i++) {
      for (const test of tests) test.line(i % 300);
      if (i % 100 === 0) await sleep(1);
    }
    await Promise.all(tests.map((test) => test.end()));
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    assert.equal(lines.length, 9_000);
    assert.ok(lines.every((line) => /^\d+ x*$/.test(line)));
  });

  it('that cannot be opened is an error that names it', async () => {
    writeFileSync(join(folder, 'no-folder'), '');
    await assert.rejects(openLogTarget(join(folder, 'no-folder/access.log')), /no-folder/);
    mkdirSync(join(folder, 'is-folder'));
    await assert.rejects(openLogTarget(join(folder, 'is-folder')), { code: 'EISDIR' });
  });
});

describe('a device', () => {
  it('that is always full costs lines and nothing else', async () => {
    const test = await outputTo('/dev/full', 256 * 1024);
    while (test.line(1_000));
    await sleep(100);
    assert.equal(test.line(1_000), false);
    assert.equal(test.troubles.dropped, 2);
    assert.deepEqual(test.reports, ['slow']);
    test.output.close();
  });
});

describe('a pipe', () => {
  function pipe(name: string): string {
    const path = join(folder, name);
    execFileSync('mkfifo', [path]);
    return path;
  }

  function readWhatIsThere(descriptor: number): string {
    const bytes = Buffer.alloc(1 << 20);
    try {
      return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, bytes.length, null));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
      throw error;
    }
  }

  it('without a reader is opened without waiting for one, and keeps lines for it', async () => {
    const path = pipe('unread');
    const test = await outputTo(path);
    for (let i = 0; i < 10; i++) test.line();
    await test.output.flush(60_000);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    assertInOrder(readWhatIsThere(reader), 10);
    closeSync(reader);
    test.output.close();
  });

  it('whose reader stands still holds nobody up; then everything that had room comes, whole and in order', async () => {
    const path = pipe('stalled');
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const test = await outputTo(path);
    while (test.line(200));
    const from = performance.now();
    await sleep(20);
    assert.ok(performance.now() - from < 20_000, 'the loop goes on');
    while (test.line(200));
    assert.ok(test.troubles.dropped >= 2);
    let text = '';
    const flushed = test.output.flush(60_000);
    const isOver = flushed.then(() => true);
    while (!(await Promise.race([isOver, sleep(1, false)]))) text += readWhatIsThere(reader);
    text += readWhatIsThere(reader);
    assertInOrder(text, test.written);
    assert.deepEqual(test.reports, ['slow', 'recovered']);
    closeSync(reader);
    test.output.close();
  });

  it('gets writes that are never mixed with those of others', async () => {
    const path = pipe('atomic');
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const target = await openLogTarget(path);
    assert.ok(target instanceof StreamTarget);
    assert.equal(target.writeMaxBytes, ATOMIC_BYTES);
    assert.equal(target.lineMaxBytes, ATOMIC_BYTES);
    target.close();
    closeSync(reader);
  });
});

test('standard output of this kind is recognised', async () => {
  // A test's own output is a pipe, a file or a terminal, as it was started.
  const target = await openLogTarget('');
  assert.ok(target instanceof StreamTarget || target instanceof FileTarget);
  target.close();
});
