// Configuration in the format that Sluice and Traefik have in common. Text only.

import { LOOPBACK } from '../lab/free-port.ts';
import { lines, numbers, requestFieldOf, responseFieldOf, type Site } from './proxy.ts';

/** Routers, headers middlewares, one service with one server, and the certificate where there is TLS. */
export function dynamicYaml(site: Site): string {
  const { hosts, headers, upstreamPort, upstreamProtocol, downstream } = site;
  const middlewares = numbers(headers).map((index) => `headers-${index}`);
  const chain = headers === 0 ? '' : `      middlewares: [${middlewares.join(', ')}]`;
  const tls = downstream === 'tls' ? '      tls: {}' : '';
  const router = (name: string, rule: string) => [
    `    ${name}:`,
    `      rule: ${rule}`,
    '      service: all',
    chain,
    tls,
  ];
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
    `          - url: ${upstreamProtocol}://${LOOPBACK}:${upstreamPort}`,
    downstream === 'tls' ? tlsSection(site) : [],
  );
}

/** Found by its names, and shown to clients that name no server. */
function tlsSection({ credentials: { certificateFile, keyFile } }: Site): string[] {
  return [
    'tls:',
    '  certificates:',
    `    - certFile: ${certificateFile}`,
    `      keyFile: ${keyFile}`,
    '  stores:',
    '    default:',
    '      defaultCertificate:',
    `        certFile: ${certificateFile}`,
    `        keyFile: ${keyFile}`,
  ];
}
