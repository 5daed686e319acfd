// Which sockets each slot accepts from or receives on. They belong to the supervisor and outlive every worker, so what waits in
// their queues when a worker dies is taken by the next one in the slot.

import { fstatSync } from 'node:fs';
import { closeDescriptor } from '@sluice/native';
import { type BindTarget, bindShared, isAddressInUse, requireUnused } from './bind-entry-point.ts';
import type { BoundSocket } from './bound-socket.ts';

export interface SlotListener {
  readonly entryPoint: string;
  readonly descriptor: number;
}

export interface EntryPointSockets {
  readonly target: BindTarget;
  /** Several programs may listen on the address (`reusePort`): no complaint when somebody does already. */
  readonly reusePort: boolean;
  /** From a service manager: every slot accepts from each of them. One of UDP goes to one slot, as a client's datagrams belong together. */
  readonly passed: readonly BoundSocket[];
  /** From earlier workers: each goes to one slot, so that none is left without somebody who accepts. */
  readonly takenOver: readonly BoundSocket[];
}

export class ListenerSet {
  private readonly bySlot: SlotListener[][];
  private readonly owned = new Set<number>();
  private readonly bound = new Map<string, BoundSocket>();

  /**
   * Opens what is missing.
   * @throws StartError naming the entry point; everything opened or given is closed then.
   */
  static open(slots: number, entryPoints: readonly EntryPointSockets[]): ListenerSet {
    const set = new ListenerSet(slots);
    for (const { passed, takenOver } of entryPoints) {
      for (const { descriptor } of [...passed, ...takenOver]) set.owned.add(descriptor);
    }
    try {
      for (const sockets of entryPoints) set.add(sockets);
      return set;
    } catch (error) {
      set.close();
      throw error;
    }
  }

  private constructor(slots: number) {
    this.bySlot = Array.from({ length: slots }, () => []);
  }

  ofSlot(slot: number): readonly SlotListener[] {
    return this.bySlot[slot]!;
  }

  /** Where an entry point listens: what the kernel says, so a port 0 is a real one here. */
  addressOf(entryPoint: string): { readonly address: string; readonly port: number } | undefined {
    return this.bound.get(entryPoint);
  }

  /** Gives up the supervisor's copies. Workers go on with theirs; after the last copy is closed a queue is gone. */
  close(): void {
    for (const descriptor of this.owned) closeDescriptor(descriptor);
    this.owned.clear();
  }

  private add({ target, reusePort, passed, takenOver }: EntryPointSockets): void {
    const given = this.withoutDoubles([...passed, ...takenOver]);
    const isPassed = new Set(passed.map(({ descriptor }) => descriptor));
    let turn = 0;
    for (const socket of given) {
      if (isPassed.has(socket.descriptor) && target.protocol === 'tcp') this.giveAll(target, socket);
      else this.give(turn++ % this.bySlot.length, target, socket);
    }
    if (given.length === 0 && !reusePort) requireUnused(target);
    this.bySlot.forEach((listeners, slot) => {
      if (!listeners.some(({ entryPoint }) => entryPoint === target.entryPoint)) this.fill(slot, target, given);
    });
  }

  /**
   * A new socket beside the others of the entry point, or, where those do not allow that, one of theirs: of UDP none, since of two
   * readers each would get a part of what a client sends.
   */
  private fill(slot: number, target: BindTarget, given: readonly BoundSocket[]): void {
    const port = this.bound.get(target.entryPoint)?.port ?? target.port;
    try {
      const socket = bindShared(target, port);
      this.owned.add(socket.descriptor);
      this.give(slot, target, socket);
    } catch (error) {
      if (given.length === 0 || !isAddressInUse(error)) throw error;
      if (target.protocol === 'tcp') this.give(slot, target, given[slot % given.length]!);
    }
  }

  private giveAll(target: BindTarget, socket: BoundSocket): void {
    for (let slot = 0; slot < this.bySlot.length; slot++) this.give(slot, target, socket);
  }

  private give(slot: number, { entryPoint }: BindTarget, socket: BoundSocket): void {
    this.bySlot[slot]!.push({ entryPoint, descriptor: socket.descriptor });
    if (!this.bound.has(entryPoint)) this.bound.set(entryPoint, socket);
  }

  /** The same socket comes several times when workers shared it, or when it is passed again after a restart. */
  private withoutDoubles(sockets: readonly BoundSocket[]): BoundSocket[] {
    const seen = new Set<number>();
    return sockets.filter(({ descriptor }) => {
      const { ino } = fstatSync(descriptor);
      if (!seen.has(ino)) {
        seen.add(ino);
        return true;
      }
      closeDescriptor(descriptor);
      this.owned.delete(descriptor);
      return false;
    });
  }
}
