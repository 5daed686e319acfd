// HAProxy, configured as its documentation says for speed. The choices are sentences of the report.
// Text only; starting and stopping are in running-proxy.ts.

import { join } from 'node:path';
import { LOOPBACK } from '../lab/free-port.ts';
import { firstLineOf, opensslOf } from '../lab/tools.ts';
import { tcpConfiguration } from './haproxy-tcp.ts';
import {
  HTTP_DOWNSTREAMS,
  type LaunchPlan,
  lines,
  numbers,
  type ProxyKind,
  requestFieldOf,
  responseFieldOf,
  type Site,
} from './proxy.ts';

export const haproxy: ProxyKind = {
  name: 'haproxy',
  tool: { command: 'haproxy', debianPackage: 'haproxy' },
  downstreams: [...HTTP_DOWNSTREAMS, 'tcp'],
  version: () => `${firstLineOf('haproxy', ['-v']).replace(/ - https.*/, '')}${opensslOf('haproxy', ['-vv'])}`,
  hostsMax: Number.POSITIVE_INFINITY,
  // The documented seamless reload: the master starts a new worker, which takes over the listening sockets.
  reload: { kind: 'signal', signal: 'SIGUSR2' },
  choices: [
    '`nbthread` is the number of workers wanted: a thread for each core, as the documentation advises.',
    '`http-reuse always`, so that a server connection serves any client; connections are kept alive on both sides.',
    '`option splice-request` and `splice-response`: bodies are moved in the kernel. Better here than `splice-auto` and than none.',
    'JSON lines, where they are measured, go through `log stdout` to a file; no log lines elsewhere. Its counters are always on.',
    'TCP: `mode tcp` with `option splice-auto`, which its documentation recommends for bulk, and pipes of 1 MiB (`tune.pipesize`). Where bulk is measured also with `splice-request` and `splice-response` ("haproxy-splicing"): splice-auto seldom takes a stream for a fast one.',
    'Timeouts longer than the runs; `maxconn` above the number of clients.',
    'X-Forwarded-For, -Proto and -Host are set, as Sluice and Caddy do by default.',
    'TLS with `alpn h2,http/1.1` and tickets, everything else as it is; `proto h2` where HTTP/2 is spoken without TLS.',
    'Many routers are a map of hosts (`map_str`), its documented means for that.',
    'Reload is SIGUSR2 to the master (`-W`) with `expose-fd listeners`: the documented seamless one.',
  ],
  plan,
};

/** TCP only, for bulk: splices whatever comes, which costs small exchanges more. */
export const haproxySplicing: ProxyKind = {
  ...haproxy,
  name: 'haproxy-splicing',
  downstreams: ['tcp'],
  plan: (site) => ({ ...plan(site), files: { 'haproxy.cfg': tcpConfiguration(site, 'always') } }),
};

function plan(site: Site): LaunchPlan {
  const { folder, hosts, reloads } = site;
  const map: Record<string, string> =
    hosts.length === 0 ? {} : { 'hosts.map': lines(hosts.map((host) => `${host} all`)) };
  return {
    files: { 'haproxy.cfg': site.downstream === 'tcp' ? tcpConfiguration(site, 'auto') : configuration(site), ...map },
    // Without a master where none is needed: one process, in the foreground.
    command: ['haproxy', reloads ? '-W' : '-db', '-f', join(folder, 'haproxy.cfg')],
  };
}

/** About what Sluice writes: when, who, what was asked, which server, which answer, how long. */
const JSON_LINE =
  '{"time":"%tr","ClientHost":"%ci","ClientPort":%cp,"RequestMethod":"%HM","RequestPath":"%HP%HQ",' +
  '"RequestProtocol":"%HV","RequestHost":"%[capture.req.hdr(0)]","RequestContentSize":%U,"DownstreamStatus":%ST,' +
  '"DownstreamContentSize":%B,"entryPointName":"%ft","ServiceName":"%b","ServiceURL":"%s","ServiceAddr":"%si:%sp",' +
  '"Duration":%Ta,"OriginDuration":%Tr,"RetryAttempts":%rc,"RequestCount":%rt,"terminationState":"%ts"}';

function configuration(site: Site): string {
  const { folder, upstreamPort, workers, hosts, headers, connectionsMax, reloads, jsonLog } = site;
  const route =
    hosts.length === 0
      ? 'default_backend all'
      : `use_backend %[req.hdr(host),lower,map_str(${join(folder, 'hosts.map')})]`;
  return lines(
    'global',
    `    nbthread ${workers}`,
    // It wants two descriptors for each client; idle clients need one, and not every machine grants more.
    '    no strict-limits',
    // Clients, and the probes of the benchmark.
    `    maxconn ${connectionsMax + 1000}`,
    jsonLog ? '    log stdout len 2048 format raw local0' : '',
    reloads ? `    stats socket ${join(folder, 'haproxy.sock')} mode 600 level admin expose-fd listeners` : '',
    // Workers from before a reload leave when their clients have gone, at the latest then.
    reloads ? '    hard-stop-after 10s' : '',
    'defaults',
    '    mode http',
    '    http-reuse always',
    '    option splice-request',
    '    option splice-response',
    // Otherwise a reload closes idle connections while requests are on their way to them.
    reloads ? '    option idle-close-on-response' : '',
    '    timeout connect 5s',
    '    timeout client 300s',
    '    timeout server 300s',
    '    timeout http-keep-alive 300s',
    jsonLog ? ['    log global', `    log-format '${JSON_LINE}'`] : '',
    'frontend web',
    bind(site),
    jsonLog ? '    declare capture request len 64' : '',
    jsonLog ? '    http-request capture req.hdr(host) id 0' : '',
    '    option forwardfor',
    `    http-request set-header X-Forwarded-Proto ${site.downstream === 'tls' ? 'https' : 'http'}`,
    '    http-request set-header X-Forwarded-Host %[req.hdr(host)]',
    numbers(headers).map((index) => `    http-request set-header ${requestFieldOf(index)} value`),
    numbers(headers).map((index) => `    http-response set-header ${responseFieldOf(index)} value`),
    `    ${route}`,
    'backend all',
    `    server one ${LOOPBACK}:${upstreamPort}${site.upstreamProtocol === 'h2c' ? ' proto h2' : ''}`,
  );
}

function bind({ port, downstream, credentials }: Site): string {
  const tls = ` ssl crt ${credentials.bundleFile} alpn h2,http/1.1`;
  const protocol = { h2c: ' proto h2', tls }[downstream as string] ?? '';
  return `    bind ${LOOPBACK}:${port}${protocol}`;
}
