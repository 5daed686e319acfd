// Remembers what was made of chains of certificates: the requests of one connection show the same ones each time, and taking
// them apart costs more than everything else that a middleware does. Bounded in number and bytes, first in first out.

/** What is sent for one chain; undefined: the field is not asked for. */
export interface ChainValues {
  readonly pem: string | undefined;
  readonly info: string | undefined;
}

interface Entry {
  readonly certificates: readonly Buffer[];
  readonly values: ChainValues;
}

const ENTRIES_MAX = 64;
/** A longer chain is taken apart each time: it is no ordinary one. */
const CHAIN_MAX_BYTES = 16 * 1024;

export class ChainValuesCache {
  private readonly make: (certificates: readonly Buffer[]) => ChainValues;
  private readonly entries = new Map<number, Entry>();

  /** @param make is given copies that stay valid. */
  constructor(make: (certificates: readonly Buffer[]) => ChainValues) {
    this.make = make;
  }

  /** @param certificates at least one; not kept. */
  valuesOf(certificates: readonly Buffer[]): ChainValues {
    const key = keyOf(certificates[0]!);
    const known = this.entries.get(key);
    if (known !== undefined && areEqual(known.certificates, certificates)) return known.values;
    const copies = certificates.map((each) => Buffer.from(each));
    const values = this.make(copies);
    if (copies.reduce((sum, { length }) => sum + length, 0) > CHAIN_MAX_BYTES) return values;
    this.entries.delete(key);
    if (this.entries.size === ENTRIES_MAX) this.entries.delete(this.entries.keys().next().value!);
    this.entries.set(key, { certificates: copies, values });
    return values;
  }
}

/** The end of a certificate is its signature, so four bytes of it tell most apart; equality is checked anyway. */
function keyOf(certificate: Buffer): number {
  const { length } = certificate;
  return length < 4 ? length : certificate.readUInt32BE(length - 4);
}

function areEqual(known: readonly Buffer[], given: readonly Buffer[]): boolean {
  if (known.length !== given.length) return false;
  for (let i = 0; i < known.length; i++) if (!known[i]!.equals(given[i]!)) return false;
  return true;
}
