import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { heldByMinorGc } from '../testing/held-by-minor-gc.ts';
import { type Enrolled, Roster } from './roster.ts';

interface Named extends Enrolled {
  readonly name: string;
}

const named = (name: string): Named => ({ name, place: -1 });

function namesIn(roster: Roster<Named>): string {
  const names: string[] = [];
  roster.visit(({ name }) => names.push(name));
  assert.equal(names.length, roster.size);
  return names.sort().join('');
}

describe('a roster', () => {
  it('has whom it was given and not those that were taken out, in any order', () => {
    const roster = new Roster<Named>();
    const all = [...'abcdef'].map(named);
    for (const member of all) roster.add(member);
    assert.equal(namesIn(roster), 'abcdef');
    for (const [index, left] of [
      [2, 'abdef'],
      [5, 'abde'],
      [0, 'bde'],
      [2, 'bde'],
    ] as const) {
      roster.delete(all[index]!);
      assert.equal(namesIn(roster), left);
    }
    roster.add(all[2]!);
    for (const index of [1, 3, 4, 2]) roster.delete(all[index]!);
    assert.equal(namesIn(roster), '');
  });

  it('takes nobody twice', () => {
    const roster = new Roster<Named>();
    const member = named('a');
    roster.add(member);
    assert.throws(() => roster.add(member), /already/);
    assert.equal(roster.size, 1);
  });

  it('visits everybody who stays, whoever is taken out meanwhile', () => {
    for (let victim = 0; victim < 5; victim++) {
      for (let visitor = 0; visitor < 5; visitor++) {
        const roster = new Roster<Named>();
        const all = [...'abcde'].map(named);
        for (const member of all) roster.add(member);
        const seen = new Set<string>();
        roster.visit((member) => {
          seen.add(member.name);
          if (member === all[visitor]) roster.delete(all[victim]!);
        });
        for (const member of all) assert.ok(member === all[victim] || seen.has(member.name));
        assert.equal(roster.size, 4);
      }
    }
  });

  it('keeps nobody alive who has been taken out, which a Set would', () => {
    const roster = new Roster<Enrolled & { readonly payload: readonly number[] }>();
    const held = heldByMinorGc(
      (payload) => ({ payload, place: -1 }),
      (member) => roster.add(member),
      (member) => roster.delete(member),
    );
    assert.ok(held < 8 << 20, `${held} bytes`);
  });
});
