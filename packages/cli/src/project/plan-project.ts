// The plan that a running process would compile for workers from a project, and what it says of it. Status rows are nobody's here: all
// are 0.

import { type BuiltPlan, buildPlan } from '@sluice/routing';
import type { Project } from './load-project.ts';

/** @param project with a valid static configuration */
export function planProject(project: Project): BuiltPlan {
  const { entryPoints, providers, serversTransport, tcpServersTransport } = project.static!.configuration;
  const { http, tcp, udp, unusableTls } = project;
  return buildPlan({
    revision: 1,
    entryPoints,
    providerPrecedence: providers.precedence,
    defaultServersTransport: serversTransport,
    defaultTcpServersTransport: tcpServersTransport,
    http,
    ...(tcp === undefined ? {} : { tcp }),
    ...(udp === undefined ? {} : { udp }),
    statusRow: () => 0,
    ...(unusableTls === undefined ? {} : { tls: { unusable: unusableTls } }),
  });
}
