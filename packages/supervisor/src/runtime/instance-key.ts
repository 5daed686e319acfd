// Which instance a configuration belongs to: the one with the same entry points on the same addresses.

import { createHash } from 'node:crypto';
import type { StaticConfiguration } from '@sluice/config';

const KEY_LENGTH = 16;

/** 16 hexadecimal digits; short, because it becomes part of socket paths. Other settings do not change it. */
export function instanceKeyOf(configuration: StaticConfiguration): string {
  const addresses = Object.entries(configuration.entryPoints)
    .map(([name, { address }]) => [name, address.toLowerCase()])
    .sort(([a], [b]) => (a! < b! ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(addresses)).digest('hex').slice(0, KEY_LENGTH);
}
