// Configuration in the format that Sluice and Traefik have in common: one router or many, one service with one server. Text only; what
// each has besides, its static configuration, is in the files of the two.

import { LOOPBACK } from '../lab/free-port.ts';
import { isStream, lines, numbers, requestFieldOf, responseFieldOf, type Site } from './proxy.ts';

/** Of the entry point, as the static configuration has it. */
export function addressOf({ port, downstream }: Site): string {
  return `${LOOPBACK}:${port}${downstream === 'udp' ? '/udp' : ''}`;
}

/** Routers, headers middlewares, one service with one server, and the certificate where there is TLS. */
export function dynamicYaml(site: Site): string {
  return isStream(site) ? streamYaml(site) : httpYaml(site);
}

/** One router for everything. */
function streamYaml({ downstream, upstreamPort }: Site): string {
  return lines(
    `${downstream}:`,
    '  routers:',
    '    everything:',
    downstream === 'tcp' ? '      rule: HostSNI(`*`)' : '      entryPoints: [web]',
    '      service: all',
    '  services:',
    '    all:',
    '      loadBalancer:',
    '        servers:',
    `          - address: ${LOOPBACK}:${upstreamPort}`,
  );
}

function httpYaml(site: Site): string {
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
