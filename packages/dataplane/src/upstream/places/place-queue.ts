// First come, first served: what waits for a place, in order, and whoever gives up leaves from anywhere in the line at once.
// Tickets are linked into the line themselves and reused, so waiting allocates nothing.

export class PlaceTicket<Waiter> {
  readonly waiter: Waiter;
  /** When it began to wait; monotonic milliseconds. */
  sinceMs = 0;
  queue: PlaceQueue<Waiter> | undefined = undefined;
  previous: PlaceTicket<Waiter> | undefined = undefined;
  next: PlaceTicket<Waiter> | undefined = undefined;

  constructor(waiter: Waiter) {
    this.waiter = waiter;
  }
}

export class PlaceQueue<Waiter> {
  first: PlaceTicket<Waiter> | undefined = undefined;
  length = 0;
  private last: PlaceTicket<Waiter> | undefined = undefined;

  /** The ticket must not be in a queue. */
  push(ticket: PlaceTicket<Waiter>, nowMs: number): void {
    ticket.sinceMs = nowMs;
    ticket.queue = this;
    ticket.previous = this.last;
    if (this.last === undefined) this.first = ticket;
    else this.last.next = ticket;
    this.last = ticket;
    this.length++;
  }

  /** The ticket must be in this queue. */
  remove(ticket: PlaceTicket<Waiter>): void {
    if (ticket.previous === undefined) this.first = ticket.next;
    else ticket.previous.next = ticket.next;
    if (ticket.next === undefined) this.last = ticket.previous;
    else ticket.next.previous = ticket.previous;
    ticket.previous = undefined;
    ticket.next = undefined;
    ticket.queue = undefined;
    this.length--;
  }
}
