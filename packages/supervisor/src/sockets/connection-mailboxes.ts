// The mailboxes through which workers give each other connections, one for each slot. They belong to the slot as its listening
// sockets do: what is in one when its worker dies is taken by the next.

import { type ConnectionMailbox, closeDescriptor, createConnectionMailbox } from '@sluice/native';

/** What a worker inherits. */
export interface SlotMailboxes {
  /** Its own. */
  readonly receive: number;
  /** Those of all slots, its own included, in order. */
  readonly send: readonly number[];
}

export class ConnectionMailboxes {
  private mailboxes: readonly ConnectionMailbox[];

  /** None for a single slot. @throws Error with a `code` when there are no descriptors left. */
  static create(slots: number): ConnectionMailboxes {
    const mailboxes: ConnectionMailbox[] = [];
    const set = new ConnectionMailboxes(mailboxes);
    try {
      for (let slot = 0; slots > 1 && slot < slots; slot++) mailboxes.push(createConnectionMailbox());
      return set;
    } catch (error) {
      set.close();
      throw error;
    }
  }

  private constructor(mailboxes: readonly ConnectionMailbox[]) {
    this.mailboxes = mailboxes;
  }

  /** Undefined when there is nobody to share with. */
  ofSlot(slot: number): SlotMailboxes | undefined {
    const own = this.mailboxes[slot];
    return own === undefined ? undefined : { receive: own.receive, send: this.mailboxes.map(({ send }) => send) };
  }

  /** Gives up the supervisor's copies. Again: nothing happens. */
  close(): void {
    for (const { receive, send } of this.mailboxes) {
      closeDescriptor(receive);
      closeDescriptor(send);
    }
    this.mailboxes = [];
  }
}
