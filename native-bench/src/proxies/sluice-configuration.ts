// Configuration in the format that Sluice and Traefik have in common. Text only.

import { LOOPBACK } from '../lab/free-port.ts';
import { lines, numbers, requestFieldOf, responseFieldOf, type Site } from './proxy.ts';

/** Routers, headers middlewares, and one service with one server. */
export function dynamicYaml({ hosts, headers, upstreamPort }: Site): string {
  const middlewares = numbers(headers).map((index) => `headers-${index}`);
  const chain = headers === 0 ? '' : `      middlewares: [${middlewares.join(', ')}]`;
  const router = (name: string, rule: string) => [`    ${name}:`, `      rule: ${rule}`, '      service: all', chain];
  return lines(
    'http:',
    '  routers:',
    hosts.length === 0
      ? router('everything', 'PathPrefix(`/`)')
      : hosts.flatMap((host, index) => router(`router-${index}`, `Host(\`${host}\`)`)),
    headers === 0 ? [] : '  middlewares:',
    numbers(headers).flatMap((index) => [
      `    headers-${index}:`,
      '      headers:',
      '        customRequestHeaders:',
      `          ${requestFieldOf(index)}: value`,
      '        customResponseHeaders:',
      `          ${responseFieldOf(index)}: value`,
    ]),
    '  services:',
    '    all:',
    '      loadBalancer:',
    '        servers:',
    `          - url: http://${LOOPBACK}:${upstreamPort}`,
  );
}
