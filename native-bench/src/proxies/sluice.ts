// Sluice as its users run it: the command, a static and a dynamic file. The supervisor is part of what is measured.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOOPBACK } from '../lab/free-port.ts';
import { HTTP_DOWNSTREAMS, type LaunchPlan, lines, type ProxyKind, type Site } from './proxy.ts';
import { addressOf, dynamicYaml } from './sluice-configuration.ts';

const CLI = join(import.meta.dirname, '../../../packages/cli');

export const sluice: ProxyKind = {
  name: 'sluice',
  tool: { command: process.execPath },
  downstreams: [...HTTP_DOWNSTREAMS, 'tcp', 'udp'],
  version,
  hostsMax: Number.POSITIVE_INFINITY,
  reload: { kind: 'watched' },
  choices: [
    'The command `sluice run` with a static and a dynamic file; the processor time and memory of the supervisor count too.',
    '`workers` is the number of workers wanted; everything else is as it is by default.',
    'TLS as it is by default: `tls: {}` on the router, the certificate from files; HTTP/2 is offered, tickets are on. `h2c://` to servers of gRPC.',
    'TCP: a router with the rule HostSNI(`*`) and nothing else on the entry point; UDP: a router without a rule. All as it is by default.',
    'Metrics are on, as most run it (`metrics.prometheus`); no access log but where JSON lines are measured.',
    'Where configurations change ten times a second, `providersThrottleDuration` is 10ms in place of 2s.',
  ],
  plan,
};

function plan(site: Site): LaunchPlan {
  return {
    files: { 'sluice.yaml': staticYaml(site), 'dynamic.yaml': dynamicYaml(site) },
    command: [process.execPath, join(CLI, 'bin', 'sluice'), 'run', '--configFile=sluice.yaml'],
    // Away from whatever other instance runs on this machine.
    env: { SLUICE_RUNTIME_DIR: join(site.folder, 'run') },
  };
}

function staticYaml(site: Site): string {
  const { adminPort, workers, reloads, jsonLog } = site;
  return lines(
    'entryPoints:',
    '  web:',
    `    address: "${addressOf(site)}"`,
    // Of the metrics page.
    '  traefik:',
    `    address: "${LOOPBACK}:${adminPort}"`,
    'providers:',
    reloads ? '  providersThrottleDuration: 10ms' : '',
    '  file:',
    '    filename: dynamic.yaml',
    'metrics:',
    '  prometheus: {}',
    jsonLog ? 'accessLog: { format: json, filePath: access.log }' : '',
    'log:',
    '  level: WARN',
    `workers: ${workers}`,
  );
}

function version(): string {
  const { version } = JSON.parse(readFileSync(join(CLI, 'package.json'), 'utf8'));
  try {
    const commit = execFileSync('git', ['describe', '--always', '--dirty'], { cwd: CLI, encoding: 'utf8' }).trim();
    return `sluice ${version} (${commit})`;
  } catch {
    return `sluice ${version}`;
  }
}
