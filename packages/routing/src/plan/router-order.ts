// The order in which the routers of an entry point are tried (http-routing.md §5, §7).

export interface OrderedRouter {
  readonly priority: bigint;
  /** Place of its provider in `providers.precedence`; unlisted ones come after all listed. */
  readonly providerRank: number;
  /** Qualified, as configured. */
  readonly qualifiedName: string;
}

/** Highest priority first, then best provider, then name by bytes: our tie-break, where the original has none. */
export function compareRouters(a: OrderedRouter, b: OrderedRouter): number {
  if (a.priority !== b.priority) return a.priority > b.priority ? -1 : 1;
  if (a.providerRank !== b.providerRank) return a.providerRank - b.providerRank;
  return compareUtf8(a.qualifiedName, b.qualifiedName);
}

/** Of UDP the last name is first, as in the reference (tcp-udp.md section 12.2). */
export function compareUdpRouters(a: OrderedRouter, b: OrderedRouter): number {
  if (a.priority !== b.priority) return a.priority > b.priority ? -1 : 1;
  if (a.providerRank !== b.providerRank) return a.providerRank - b.providerRank;
  return compareUtf8(b.qualifiedName, a.qualifiedName);
}

/** Ranks of providers by lower-case name. */
export function providerRanks(precedence: readonly string[]): (qualifiedName: string) => number {
  const ranks = new Map<string, number>();
  precedence.forEach((provider, rank) => {
    if (!ranks.has(provider.toLowerCase())) ranks.set(provider.toLowerCase(), rank);
  });
  return (qualifiedName) => ranks.get(providerOf(qualifiedName).toLowerCase()) ?? precedence.length;
}

/** What follows the last `@`; empty when there is none. */
export function providerOf(qualifiedName: string): string {
  const at = qualifiedName.lastIndexOf('@');
  return at === -1 ? '' : qualifiedName.slice(at + 1);
}

/** Order of the strings' UTF-8 bytes. UTF-16 order differs only between surrogates and U+E000…U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return codePointOrder(left) - codePointOrder(right);
  }
  return a.length - b.length;
}

function codePointOrder(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
