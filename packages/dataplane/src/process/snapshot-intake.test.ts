import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threadCpuUs } from '@sluice/native';
import { type MappedSnapshot, SnapshotIntake } from './snapshot-intake.ts';
import { nextTurn } from './turn-timer.ts';

interface FakeReader {
  readonly revision: number;
}

interface Behaviour {
  readonly slices?: number;
  readonly damaged?: boolean;
  readonly unmappable?: boolean;
  readonly unmapMs?: number;
}

/** An intake over numbers instead of memory: everything it does is written down, releases are called by hand. */
function fakeIntake(behaviours: Readonly<Record<number, Behaviour>> = {}) {
  const events: string[] = [];
  const releases = new Map<number, () => void>();
  let pauses: number[] = [];
  const map = (descriptor: number, revision: number): MappedSnapshot<FakeReader> => {
    const { slices = 1, damaged = false, unmappable = false, unmapMs = 0 } = behaviours[revision] ?? {};
    if (unmappable) throw new Error('no snapshot');
    events.push(`map ${revision} from ${descriptor}`);
    let left = slices;
    return {
      reader: { revision },
      verifySlice: () => {
        left--;
        if (left === 0 && damaged) throw new Error('checksum');
        return left === 0;
      },
      unmap: () => {
        const until = threadCpuUs() + unmapMs * 1_000;
        while (threadCpuUs() < until);
        events.push(`unmap ${revision}`);
      },
    };
  };
  const intake = new SnapshotIntake<FakeReader>({
    map,
    closeDescriptor: (descriptor) => events.push(`close ${descriptor}`),
    install: (reader, release) => {
      events.push(`install ${reader.revision}`);
      releases.set(reader.revision, release);
    },
    onSwitched: (revision, pauseUs) => {
      events.push(`switched ${revision}`);
      pauses.push(pauseUs);
    },
    onReleased: (revision) => events.push(`released ${revision}`),
    onRefused: (revision, reason) => events.push(`refused ${revision}: ${reason}`),
    onLongerPause: (pauseUs) => {
      events.push('longer pause');
      pauses.push(pauseUs);
    },
  });
  const takePauses = () => {
    const taken = pauses;
    pauses = [];
    return taken;
  };
  return { intake, events, releases, takePauses };
}

test('a snapshot is mapped, verified, installed, and its descriptor closed', async () => {
  const { intake, events, takePauses } = fakeIntake({ 1: { slices: 3 } });
  await intake.offer(1, 10);
  assert.deepEqual(events, ['map 1 from 10', 'close 10', 'install 1', 'switched 1']);
  assert.equal(takePauses().length, 1);
});

test('other work has its turn between slices', async () => {
  const { intake } = fakeIntake({ 1: { slices: 20 } });
  let turns = 0;
  let done = false;
  const offered = intake.offer(1, 10).then(() => {
    done = true;
  });
  while (!done) {
    await nextTurn();
    turns++;
  }
  await offered;
  assert.ok(turns >= 19, `${turns} turns`);
});

test('a damaged snapshot is refused and unmapped, and the next one is taken', async () => {
  const { intake, events } = fakeIntake({ 2: { damaged: true, slices: 2 }, 3: { unmappable: true } });
  await intake.offer(1, 10);
  events.length = 0;
  await intake.offer(2, 11);
  await intake.offer(3, 12);
  await intake.offer(4, 13);
  assert.deepEqual(events, [
    'map 2 from 11',
    'unmap 2',
    'refused 2: checksum',
    'close 11',
    'refused 3: no snapshot',
    'close 12',
    'map 4 from 13',
    'close 13',
    'install 4',
    'switched 4',
  ]);
});

test('an old revision stays mapped until it is released', async () => {
  const { intake, events, releases } = fakeIntake();
  await intake.offer(1, 10);
  await intake.offer(2, 11);
  assert.ok(!events.includes('unmap 1'));
  releases.get(1)!();
  assert.ok(!events.includes('unmap 1'), 'not within the turn that ended the use');
  await nextTurn();
  assert.deepEqual(events.filter((event) => event.endsWith(' 1')).slice(-2), ['unmap 1', 'released 1']);
});

test('of several waiting snapshots only the newest is taken; an older one that comes late is dropped', async () => {
  const { intake, events } = fakeIntake({ 1: { slices: 5 } });
  const first = intake.offer(1, 10);
  void intake.offer(2, 11);
  void intake.offer(4, 13);
  await intake.offer(3, 12);
  await first;
  assert.deepEqual(
    events.filter((event) => /install|close|released/.test(event)),
    ['close 11', 'released 2', 'close 12', 'released 3', 'close 10', 'install 1', 'close 13', 'install 4'],
  );
});

test('the time to unmap a revision released at once belongs to the pause; a later one is reported when longer', async () => {
  const { intake, events, releases, takePauses } = fakeIntake({ 1: { unmapMs: 5 }, 2: { unmapMs: 30 } });
  await intake.offer(1, 10);
  takePauses();
  const switching = intake.offer(2, 11);
  while (!releases.has(2)) await Promise.resolve();
  releases.get(1)!();
  await switching;
  assert.ok(takePauses()[0]! >= 5000);
  await intake.offer(3, 12);
  takePauses();
  releases.get(2)!();
  await nextTurn();
  assert.deepEqual(events.slice(-3), ['unmap 2', 'longer pause', 'released 2']);
  assert.ok(takePauses()[0]! >= 30_000);
});

test('what comes before a snapshot is done in the same turn, and only if it comes into force', async () => {
  const { intake, events } = fakeIntake({ 1: { slices: 3 }, 2: { damaged: true } });
  const before = (text: string) => () => {
    events.push(text);
    void nextTurn().then(() => events.push(`a turn after ${text}`));
  };
  const first = intake.offer(1, 10, before('first'));
  assert.ok(intake.isBusy);
  assert.deepEqual(events, ['map 1 from 10']);
  await first;
  assert.ok(!intake.isBusy);
  assert.deepEqual(events.slice(-4), ['first', 'install 1', 'a turn after first', 'switched 1']);
  await intake.offer(2, 11, before('second'));
  await intake.offer(3, 12, () => {
    throw new Error('no certificates');
  });
  assert.ok(!events.includes('second'));
  assert.deepEqual(events.slice(-2), ['unmap 3', 'refused 3: no certificates']);
});
