// Brings together where the sockets of entry points come from: passed in by a service manager, handed over by earlier workers, new ones.

import { isUdp, type StaticConfiguration } from '@sluice/config';
import { closeDescriptor } from '@sluice/native';
import type { Logger } from 'pino';
import { bindTargetOf } from './bind-entry-point.ts';
import type { BoundSocket } from './bound-socket.ts';
import { type EntryPointSockets, ListenerSet } from './listener-set.ts';
import { adoptPassed, passedDescriptors } from './socket-activation.ts';

export interface OpenListenersOptions {
  readonly configuration: StaticConfiguration;
  readonly slots: number;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
}

/**
 * @param takenOver by entry point; taken from here on, used or not.
 * @throws StartError naming the entry point and its address; nothing stays open then.
 */
export async function openListeners(
  { configuration, slots, env, log }: OpenListenersOptions,
  takenOver: ReadonlyMap<string, readonly BoundSocket[]>,
): Promise<ListenerSet> {
  const { entryPoints } = configuration;
  const protocols = new Map(
    Object.entries(entryPoints).map(([name, entryPoint]) => [name, isUdp(entryPoint) ? 'udp' : 'tcp'] as const),
  );
  const passed = adoptPassed(passedDescriptors(env, process.pid), protocols, log);
  const all = [...passed.values(), ...takenOver.values()].flat();
  const plans: EntryPointSockets[] = [];
  try {
    for (const [name, { address, reusePort }] of Object.entries(entryPoints)) {
      const target = await bindTargetOf(name, address);
      plans.push({ target, reusePort, passed: passed.get(name) ?? [], takenOver: takenOver.get(name) ?? [] });
    }
  } catch (error) {
    for (const { descriptor } of all) closeDescriptor(descriptor);
    throw error;
  }
  for (const [name, sockets] of takenOver) {
    if (!protocols.has(name)) for (const { descriptor } of sockets) closeDescriptor(descriptor);
  }
  return ListenerSet.open(slots, plans);
}
