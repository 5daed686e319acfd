// Hashes for strategies that hash: of a client's address, of a server's identity, and of both together. The same in every process
// and on every machine, whatever the order of the servers; not secret, and no defence against clients that choose their address.

import type { PickerServer } from './picker.ts';

const SEED = 0x9e3779b9;
const IPV4_BYTES = 4;
const MAPPED_BYTES = 16;

/** The finishing steps of murmur3: every bit of the input reaches every bit of the output. Signed, as Node keeps it without a box. */
export function mixed(value: number): number {
  let x = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** A hash as a number between 0 and 1, and neither of them. */
export function unit(hash: number): number {
  return ((hash >>> 0) + 0.5) / 2 ** 32;
}

/** Of an address. IPv4 is the same as 4 bytes and as 16 mapped ones, which is how a socket for both families has it. */
export function hashAddress(address: Uint8Array): number {
  const from = isMapped(address) ? MAPPED_BYTES - IPV4_BYTES : 0;
  let hash = SEED;
  for (let at = from; at < address.length; at += 4) {
    const word = address[at] | (address[at + 1] << 8) | (address[at + 2] << 16) | (address[at + 3] << 24);
    hash = mixed(Math.imul(hash, 31) + word);
  }
  return hash;
}

/** A hash as a place among `count`. */
export function placeOf(hash: number, count: number): number {
  return (hash >>> 0) % count;
}

/** What a client and a server have in common, as good as random for each pair. */
export function hashPair(client: number, serverSeed: number): number {
  return mixed(mixed(client ^ serverSeed) + serverSeed);
}

/** The servers in an order that does not depend on the one they are given in: indices, and a seed for each index. */
export interface CanonicalServers {
  readonly order: Int32Array;
  readonly seeds: Int32Array;
}

/** Not on the hot path: sorts and allocates. */
export function canonicalServers(servers: readonly PickerServer[]): CanonicalServers {
  const identities = servers.map(({ identity, statusRow }) => identity ?? `row ${statusRow}`);
  const order = Int32Array.from(servers.keys()).sort((a, b) => {
    if (identities[a] !== identities[b]) return identities[a] < identities[b] ? -1 : 1;
    return servers[a].weight - servers[b].weight;
  });
  const seeds = new Int32Array(servers.length);
  let again = 0;
  for (const [rank, index] of order.entries()) {
    // The same address twice in one service counts twice.
    again = rank > 0 && identities[order[rank - 1]] === identities[index] ? again + 1 : 0;
    seeds[index] = hashText(identities[index], again);
  }
  return { order, seeds };
}

function hashText(text: string, again: number): number {
  let hash = mixed(SEED + again);
  for (let at = 0; at < text.length; at++) hash = mixed(Math.imul(hash, 31) + text.charCodeAt(at));
  return hash;
}

function isMapped(address: Uint8Array): boolean {
  if (address.length !== MAPPED_BYTES) return false;
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false;
  return address[10] === 0xff && address[11] === 0xff;
}
