// Objects that come and go with every connection, to be walked now and then. In place of a Set: one that is in use for long leaves a chain
// of outgrown tables behind, which keep all that was ever in them alive until the whole heap is collected. Allocates nothing per
// member but room in one array.

export interface Enrolled {
  /** The roster's: where it stands; -1: in none. */
  place: number;
}

export class Roster<Member extends Enrolled> {
  private readonly members: Member[] = [];

  get size(): number {
    return this.members.length;
  }

  /** One that is in no roster. */
  add(member: Member): void {
    if (member.place !== -1) throw new Error('it is in a roster already');
    member.place = this.members.push(member) - 1;
  }

  /** Nothing happens to one that is not in it. */
  delete(member: Member): void {
    const { place } = member;
    if (place === -1) return;
    const last = this.members.pop()!;
    if (last !== member) {
      this.members[place] = last;
      last.place = place;
    }
    member.place = -1;
  }

  /** `act` may take out whomever it likes. Those that it adds are not visited; one may be visited twice when others are taken out. */
  visit(act: (member: Member) => void): void {
    for (let i = this.members.length - 1; i >= 0; i--) {
      const member = this.members[i];
      if (member !== undefined) act(member);
    }
  }
}
