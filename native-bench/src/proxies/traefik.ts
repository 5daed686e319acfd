// Traefik, only where it is installed. It reads the very dynamic file that Sluice reads.

import { LOOPBACK } from '../lab/free-port.ts';
import { findTool, firstLineOf } from '../lab/tools.ts';
import { HTTP_DOWNSTREAMS, type LaunchPlan, lines, type ProxyKind, type Site } from './proxy.ts';
import { addressOf, dynamicYaml } from './sluice-configuration.ts';

export const traefik: ProxyKind = {
  name: 'traefik',
  tool: { command: 'traefik' },
  downstreams: [...HTTP_DOWNSTREAMS, 'tcp', 'udp'],
  version: () => `traefik ${firstLineOf(findTool('traefik')!, ['version'])}`,
  hostsMax: 100_000,
  reload: { kind: 'watched' },
  choices: [
    '`GOMAXPROCS` is the number of workers wanted; metrics as in Sluice, access log only where JSON lines are measured.',
    '`maxIdleConnsPerHost` 512 in place of 200; the dynamic file is the one of Sluice, TLS included.',
    'Where configurations change ten times a second, `providersThrottleDuration` is 10ms in place of 2s.',
  ],
  plan,
};

function plan(site: Site): LaunchPlan {
  return {
    files: { 'traefik.yaml': staticYaml(site), 'dynamic.yaml': dynamicYaml(site) },
    command: ['traefik', '--configFile=traefik.yaml'],
    env: { GOMAXPROCS: String(site.workers) },
  };
}

function staticYaml(site: Site): string {
  const { adminPort, reloads, jsonLog } = site;
  return lines(
    // It would ask the network.
    'global:',
    '  checkNewVersion: false',
    '  sendAnonymousUsage: false',
    'entryPoints:',
    '  web:',
    `    address: "${addressOf(site)}"`,
    '  traefik:',
    `    address: "${LOOPBACK}:${adminPort}"`,
    'providers:',
    reloads ? '  providersThrottleDuration: 10ms' : '',
    '  file:',
    '    filename: dynamic.yaml',
    'serversTransport:',
    '  maxIdleConnsPerHost: 512',
    'metrics:',
    '  prometheus: {}',
    jsonLog ? 'accessLog: { format: json, filePath: access.log, bufferingSize: 100 }' : '',
    'log:',
    '  level: ERROR',
  );
}
