// Every proxy that can be measured.

import { findTool } from '../lab/tools.ts';
import { caddy } from './caddy.ts';
import { envoy } from './envoy.ts';
import { haproxy } from './haproxy.ts';
import { nginx } from './nginx.ts';
import type { ProxyKind } from './proxy.ts';
import { sluice } from './sluice.ts';
import { traefik } from './traefik.ts';

export { sluice };

/** Measured against Sluice, which is always there. */
export const PEERS: readonly ProxyKind[] = [haproxy, nginx, caddy, traefik, envoy];

/** Those that Debian has, and others where somebody has installed them. */
export function defaultPeers(): ProxyKind[] {
  return PEERS.filter(({ tool }) => tool.debianPackage !== undefined || findTool(tool.command) !== undefined);
}

/** @throws Error naming what there is. */
export function peersNamed(names: readonly string[]): ProxyKind[] {
  return names.map((name) => {
    const peer = PEERS.find((each) => each.name === name);
    if (peer !== undefined) return peer;
    throw new Error(`there is no peer "${name}"; known: ${PEERS.map((each) => each.name).join(', ')}`);
  });
}
