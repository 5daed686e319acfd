// Which entry point a request would arrive at: the one that was named, or the one that listens on the URL's port.

import { type EntryPointConfiguration, nearestKey, parseEntryPointAddress } from '@sluice/config';
import { UsageError } from '../command-line/parse-options.ts';

export interface ChosenEntryPoint {
  readonly name: string;
  readonly configuration: EntryPointConfiguration;
  /** Why this one, for people. */
  readonly reason: string;
}

/** @throws UsageError when there is none, or more than one. */
export function chooseEntryPoint(
  entryPoints: Readonly<Record<string, EntryPointConfiguration>>,
  named: string | undefined,
  port: number,
): ChosenEntryPoint {
  const list = Object.entries(entryPoints)
    .map(([name, { address }]) => `${name} (${address})`)
    .join(', ');
  if (named !== undefined) {
    const configuration = Object.hasOwn(entryPoints, named) ? entryPoints[named] : undefined;
    if (configuration !== undefined) return { name: named, configuration, reason: 'named with --entryPoint' };
    const near = nearestKey(named, Object.keys(entryPoints));
    throw new UsageError(
      `there is no entry point "${named}"${near === undefined ? '' : `; did you mean "${near}"?`} There are: ${list}`,
    );
  }
  const found = Object.entries(entryPoints).filter(([, { address }]) => portOf(address) === port);
  const [first, second] = found;
  if (first === undefined)
    throw new UsageError(`no entry point listens on port ${port}; name one with --entryPoint: ${list}`);
  if (second !== undefined) {
    const names = found.map(([name]) => name).join(', ');
    throw new UsageError(`several entry points listen on port ${port} (${names}); name one with --entryPoint`);
  }
  return { name: first[0], configuration: first[1], reason: `listens on port ${port}` };
}

function portOf(address: string): number | undefined {
  const parsed = parseEntryPointAddress(address);
  return typeof parsed === 'string' ? undefined : parsed.port;
}
