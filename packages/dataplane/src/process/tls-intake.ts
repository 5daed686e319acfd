// Takes new TLS material into use: with the snapshot that it came with, or, alone, as soon as no snapshot is on its way. Material that
// cannot be read is refused, and the one in force stays. Keeps nothing once it is in force.

import type { TlsMaterial } from '@sluice/routing/tls';

export interface TlsIntakeOptions {
  /** The descriptor stays the caller's. @throws Error when it cannot be used. */
  readonly read: (descriptor: number, number: number) => TlsMaterial;
  readonly closeDescriptor: (descriptor: number) => void;
  /** New connections use it from now on. */
  readonly install: (material: TlsMaterial) => void;
}

interface Waiting {
  readonly number: number;
  readonly material: TlsMaterial;
}

export class TlsIntake {
  private readonly options: TlsIntakeOptions;
  /** The newest one that has been read. */
  private newest = -1;
  private inForce = -1;
  /** Ascending. Few: those of snapshots that are being taken, and what came alone meanwhile. */
  private waiting: Waiting[] = [];

  constructor(options: TlsIntakeOptions) {
    this.options = options;
  }

  /** Of the material in force; -1: there is none. */
  get number(): number {
    return this.inForce;
  }

  /** Takes the descriptor over. One that is known is not read again. @throws Error when it cannot be used. */
  accept(number: number, descriptor: number): void {
    try {
      if (number <= this.newest) return;
      const material = this.options.read(descriptor, number);
      this.newest = number;
      this.waiting.push({ number, material });
    } finally {
      this.options.closeDescriptor(descriptor);
    }
  }

  /** Puts the newest material into force that is not newer than this number. */
  apply(upTo: number): void {
    const due = this.waiting.filter(({ number }) => number <= upTo);
    this.waiting = this.waiting.filter(({ number }) => number > upTo);
    const last = due.at(-1);
    if (last === undefined) return;
    this.inForce = last.number;
    this.options.install(last.material);
  }

  /** Puts the newest one into force. */
  applyAll(): void {
    this.apply(this.newest);
  }
}
