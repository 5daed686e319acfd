// Reading of /proc lines, also with names made to mislead, and the tree below a process.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStat, readStat, readTree, treeOf } from './process-table.ts';

const LINE = (name: string) =>
  `4242 (${name}) S 17 4242 4242 0 -1 4194560 2 0 0 0 150 50 30 20 20 0 3 0 987654 8192 1 18446744073709551615 0`;

test('the fields of a stat line', () => {
  assert.deepEqual(parseStat(LINE('nginx')), {
    pid: 4242,
    state: 'S',
    parent: 17,
    ticks: 200,
    childrenTicks: 50,
    startedTicks: 987654,
  });
});

test('a name with parentheses and spaces does not shift them', () => {
  assert.equal(parseStat(LINE('a) R 1 (b')).parent, 17);
});

test('anything else is refused', () => {
  assert.throws(() => parseStat('nonsense'), /not a line/);
});

test('a tree has the children of children, and nobody else', () => {
  const process = (pid: number, parent: number) => ({ ...parseStat(LINE('x')), pid, parent });
  const all = [process(5, 4), process(1, 0), process(3, 1), process(4, 3), process(9, 2)];
  assert.deepEqual(
    treeOf(3, all).map(({ pid }) => pid),
    [3, 4, 5],
  );
  assert.deepEqual(treeOf(77, all), []);
});

test('this very process is found', () => {
  assert.equal(readStat(process.pid)?.parent, process.ppid);
  assert.equal(readTree(process.pid)[0]?.pid, process.pid);
  assert.equal(readStat(2 ** 30), undefined);
});
