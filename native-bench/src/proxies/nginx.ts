// nginx, configured as its documentation says for speed. The choices are sentences of the report.
// Text only; starting and stopping are in running-proxy.ts. The upstream server is an nginx too and shares the head.

import { join } from 'node:path';
import { LOOPBACK } from '../lab/free-port.ts';
import { firstLineOf, opensslOf } from '../lab/tools.ts';
import { nginxMain } from './nginx-main.ts';
import { NGINX_STREAM, streamConfiguration } from './nginx-stream.ts';
import {
  HTTP_DOWNSTREAMS,
  isStream,
  type LaunchPlan,
  lines,
  numbers,
  type ProxyKind,
  requestFieldOf,
  responseFieldOf,
  type Site,
} from './proxy.ts';

export const nginx: ProxyKind = {
  name: 'nginx',
  tool: { command: 'nginx', debianPackage: 'nginx' },
  streamTool: NGINX_STREAM,
  downstreams: [...HTTP_DOWNSTREAMS, 'tcp', 'udp'],
  version: () => `${firstLineOf('nginx', ['-v']).replace('nginx version: ', '')}${opensslOf('nginx', ['-V'])}`,
  hostsMax: Number.POSITIVE_INFINITY,
  reload: { kind: 'signal', signal: 'SIGHUP' },
  choices: [
    '`worker_processes` is the number of workers wanted; the master counts too, though it does nothing while serving.',
    '`keepalive` in `upstream` with `proxy_http_version 1.1` and an empty `Connection`: server connections are reused.',
    '`keepalive_requests` and timeouts so large that no connection ends during a run.',
    '`access_log off`; where JSON lines are measured, `escape=json` with `buffer=64k`.',
    '`proxy_request_buffering off` and no temporary files: bodies stream through, as in the other proxies.',
    'Buffers of 64 KiB for answers and 128 KiB for uploads: bodies take few system calls. The defaults are slower here.',
    'X-Forwarded-For, -Proto and -Host are set, as Sluice and Caddy do by default.',
    'TLS 1.2 and 1.3 (its default was without 1.3 for long) with tickets; records of 16 KiB, its default. HTTP/2 by the `http2` of `listen`, which all versions know.',
    'gRPC goes through `grpc_pass`; it sends one request at a time over a server connection.',
    'TCP and UDP: its stream module (a package of its own in Debian), buffers of 64 KiB; a session of UDP for each client, as it is by default.',
    'Many routers are a `map` of hosts, its documented means for that.',
    'Reload is SIGHUP to the master, which is what `nginx -s reload` sends.',
  ],
  plan,
};

function plan(site: Site): LaunchPlan {
  const { folder, hosts } = site;
  const map: Record<string, string> =
    hosts.length === 0 ? {} : { 'hosts.map': lines(hosts.map((host) => `${host} all;`)) };
  return {
    files: { 'nginx.conf': isStream(site) ? streamConfiguration(site) : configuration(site), ...map },
    command: ['nginx', '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')],
  };
}

function configuration(site: Site): string {
  const { folder, upstreamPort, workers, connectionsMax } = site;
  return lines(
    nginxHead(folder, workers, connectionsMax),
    '    upstream all {',
    `        server ${LOOPBACK}:${upstreamPort};`,
    // More than there are requests under way at a time.
    '        keepalive 512;',
    '        keepalive_requests 1000000000;',
    '        keepalive_timeout 300s;',
    '    }',
    mapOfHosts(site),
    jsonLog(site),
    '    server {',
    listen(site),
    ...route(site),
    site.upstreamProtocol === 'h2c' ? '' : '        proxy_http_version 1.1;',
    requestFields(site),
    numbers(site.headers).map((index) => `        add_header ${responseFieldOf(index)} value;`),
    '        client_body_buffer_size 128k;',
    site.upstreamProtocol === 'h2c' ? [] : PROXY_BUFFERS,
    '    }',
    '}',
  );
}

const PROXY_BUFFERS = [
  '        proxy_request_buffering off;',
  '        proxy_buffers 8 64k;',
  '        proxy_busy_buffers_size 128k;',
  '        proxy_max_temp_file_size 0;',
];

function listen({ port, downstream, credentials: { certificateFile, keyFile } }: Site): string[] {
  const protocol = { tls: ' ssl http2', h2c: ' http2' }[downstream as string] ?? '';
  const address = `        listen ${LOOPBACK}:${port}${protocol} backlog=4096;`;
  if (downstream !== 'tls') return [address];
  return [
    address,
    `        ssl_certificate ${certificateFile};`,
    `        ssl_certificate_key ${keyFile};`,
    '        ssl_protocols TLSv1.2 TLSv1.3;',
  ];
}

function requestFields({ headers, upstreamProtocol }: Site): string[] {
  const directive = upstreamProtocol === 'h2c' ? 'grpc_set_header' : 'proxy_set_header';
  return [
    // Otherwise it closes the connection to the server.
    upstreamProtocol === 'h2c' ? '' : `        ${directive} Connection "";`,
    `        ${directive} Host $http_host;`,
    `        ${directive} X-Forwarded-For $proxy_add_x_forwarded_for;`,
    `        ${directive} X-Forwarded-Proto $scheme;`,
    `        ${directive} X-Forwarded-Host $http_host;`,
    ...numbers(headers).map((index) => `        ${directive} ${requestFieldOf(index)} value;`),
  ];
}

/** Shared with the upstream server of the benchmark, which is an nginx as well. Ends inside of `http {`. */
export function nginxHead(folder: string, workers: number, connectionsMax: number): string[] {
  return [
    ...nginxMain(folder, workers, connectionsMax),
    'http {',
    '    access_log off;',
    '    sendfile on;',
    '    tcp_nopush on;',
    '    keepalive_timeout 300s;',
    '    keepalive_requests 1000000000;',
    '    client_max_body_size 0;',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `    ${kind}_temp_path ${join(folder, `${kind}-temporary`)};`,
    ),
  ];
}

function mapOfHosts({ folder, hosts }: Site): string[] {
  if (hosts.length === 0) return [];
  return [
    `    map_hash_max_size ${Math.max(2048, 4 * hosts.length)};`,
    '    map_hash_bucket_size 128;',
    '    map $host $pool {',
    `        include ${join(folder, 'hosts.map')};`,
    '    }',
  ];
}

/** About what Sluice writes: when, who, what was asked, which server, which answer, how long. */
function jsonLog({ folder, jsonLog }: Site): string[] {
  if (!jsonLog) return [];
  return [
    '    log_format lines escape=json \'{"time":"$time_iso8601","ClientHost":"$remote_addr","ClientPort":$remote_port,\'',
    '      \'"RequestMethod":"$request_method","RequestPath":"$request_uri","RequestProtocol":"$server_protocol",\'',
    '      \'"RequestHost":"$http_host","RequestScheme":"$scheme","ClientUsername":"$remote_user",\'',
    '      \'"RequestContentSize":"$content_length","DownstreamStatus":$status,"DownstreamContentSize":$body_bytes_sent,\'',
    '      \'"OriginStatus":"$upstream_status","OriginContentSize":"$upstream_response_length",\'',
    '      \'"entryPointName":"$server_port","ServiceName":"$proxy_host","ServiceAddr":"$upstream_addr",\'',
    '      \'"Duration":$request_time,"OriginDuration":"$upstream_response_time","RequestCount":$connection_requests}\';',
    `    access_log ${join(folder, 'access.log')} lines buffer=64k flush=5s;`,
  ];
}

function route({ hosts, upstreamProtocol }: Site): string[] {
  const target = hosts.length === 0 ? 'all' : '$pool';
  return [
    hosts.length === 0 ? '' : '        if ($pool = "") { return 404; }',
    `        location / { ${upstreamProtocol === 'h2c' ? 'grpc_pass grpc' : 'proxy_pass http'}://${target}; }`,
  ];
}
