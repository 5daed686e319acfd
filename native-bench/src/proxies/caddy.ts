// Caddy, configured as its documentation says for speed. The choices are sentences of the report.
// Text only; starting and stopping are in running-proxy.ts.

import { join } from 'node:path';
import { LOOPBACK } from '../lab/free-port.ts';
import { firstLineOf } from '../lab/tools.ts';
import {
  type Downstream,
  HTTP_DOWNSTREAMS,
  type LaunchPlan,
  lines,
  numbers,
  type ProxyKind,
  requestFieldOf,
  responseFieldOf,
  type Site,
} from './proxy.ts';

export const caddy: ProxyKind = {
  name: 'caddy',
  tool: { command: 'caddy', debianPackage: 'caddy' },
  downstreams: HTTP_DOWNSTREAMS,
  version: () => `caddy ${firstLineOf('caddy', ['version'])}`,
  // A site block each; loading ten times as many takes minutes.
  hostsMax: 1_000,
  reload: { kind: 'post', path: '/load', file: 'Caddyfile', contentType: 'text/caddyfile' },
  choices: [
    '`GOMAXPROCS` is the number of workers wanted: as many threads run Go code at a time.',
    'No access log (its default) but where JSON lines are measured; no automatic HTTPS; without TLS HTTP/1.1 only, or `h2c` where that is measured.',
    'TLS with the certificate from files, everything else as it is: HTTP/2 offered, tickets on.',
    '`keepalive_idle_conns_per_host 512` in place of 32: no server connection is closed for want of a place.',
    '`compression off` in the transport: it adds no Accept-Encoding of its own.',
    'Many routers are a site block each.',
    'Reload is a request to its API, which is what `caddy reload` sends.',
  ],
  plan,
};

function plan(site: Site): LaunchPlan {
  const { folder, workers } = site;
  return {
    files: { Caddyfile: caddyfile(site) },
    command: ['caddy', 'run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'],
    env: { GOMAXPROCS: String(workers), XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, HOME: folder },
  };
}

function caddyfile(site: Site): string {
  const { folder, port, adminPort, hosts, reloads, jsonLog } = site;
  const scheme = site.downstream === 'tls' ? 'https' : 'http';
  const names = hosts.length === 0 ? [''] : hosts;
  const addresses = names.map((host) => `${scheme}://${host}:${port}`);
  return lines(
    '{',
    reloads ? `    admin ${LOOPBACK}:${adminPort}` : '    admin off',
    '    auto_https off',
    '    log {',
    // Requests are of level INFO.
    jsonLog ? '        level INFO' : '        level ERROR',
    '    }',
    '    servers {',
    `        protocols ${PROTOCOLS[site.downstream] ?? ''}`,
    '    }',
    '}',
    '(site) {',
    `    bind ${LOOPBACK}`,
    site.downstream === 'tls' ? `    tls ${site.credentials.certificateFile} ${site.credentials.keyFile}` : '',
    jsonLog ? ['    log {', `        output file ${join(folder, 'access.log')}`, '        format json', '    }'] : '',
    numbers(site.headers).map((index) => `    header ${responseFieldOf(index)} value`),
    reverseProxy(site),
    '}',
    addresses.flatMap((address) => [`${address} {`, '    import site', '}']),
  );
}

const PROTOCOLS: Readonly<Partial<Record<Downstream, string>>> = { http: 'h1', tls: 'h1 h2', h2c: 'h1 h2c' };

function reverseProxy({ upstreamPort, upstreamProtocol, headers }: Site): string[] {
  return [
    `    reverse_proxy ${LOOPBACK}:${upstreamPort} {`,
    ...numbers(headers).map((index) => `        header_up ${requestFieldOf(index)} value`),
    '        transport http {',
    '            keepalive 300s',
    '            keepalive_idle_conns 2048',
    '            keepalive_idle_conns_per_host 512',
    '            compression off',
    ...(upstreamProtocol === 'h2c' ? ['            versions h2c 2'] : []),
    '        }',
    '    }',
  ];
}
