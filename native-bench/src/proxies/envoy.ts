// Envoy, only where it is installed; configured as its documentation says for speed, as text.
// Reload is not compared: it takes changes from a management server, not from files.

import { LOOPBACK } from '../lab/free-port.ts';
import { findTool, firstLineOf } from '../lab/tools.ts';
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

export const envoy: ProxyKind = {
  name: 'envoy',
  tool: { command: 'envoy' },
  downstreams: HTTP_DOWNSTREAMS,
  version: () => firstLineOf(findTool('envoy')!, ['--version']).replace(/^.*version:\s*/, 'envoy '),
  hostsMax: 100_000,
  choices: [
    '`--concurrency` is the number of workers wanted; access log only where JSON lines are measured, no admin page, no hot restart.',
    'No request ids, no statistics of its router filter: its documentation names their cost.',
    'Circuit breakers above the load; X-Forwarded-For through `use_remote_address`.',
    'Many routers are a virtual host each, found by hash.',
    'TLS with ALPN for HTTP/2 and 1.1, everything else as it is; HTTP/2 to the server where gRPC is measured.',
  ],
  plan,
};

function plan(site: Site): LaunchPlan {
  const options = ['--concurrency', String(site.workers), '--disable-hot-restart', '--log-level', 'error'];
  return {
    files: { 'envoy.yaml': bootstrap(site) },
    command: ['envoy', '-c', 'envoy.yaml', ...options],
  };
}

function bootstrap(site: Site): string {
  const { port, upstreamPort, connectionsMax } = site;
  const type = (name: string) => `"@type": type.googleapis.com/envoy.extensions.filters.${name}`;
  return lines(
    'static_resources:',
    '  listeners:',
    '    - name: web',
    `      address: { socket_address: { address: ${LOOPBACK}, port_value: ${port} } }`,
    '      filter_chains:',
    '        - filters:',
    '            - name: envoy.filters.network.http_connection_manager',
    '              typed_config:',
    `                ${type('network.http_connection_manager.v3.HttpConnectionManager')}`,
    '                stat_prefix: web',
    // By ALPN, or by how a connection begins.
    `                codec_type: ${site.downstream === 'http' ? 'HTTP1' : 'AUTO'}`,
    '                use_remote_address: true',
    '                generate_request_id: false',
    jsonLog(site),
    '                route_config:',
    '                  name: routes',
    headerLists(site.headers),
    '                  virtual_hosts:',
    virtualHosts(site.hosts),
    '                http_filters:',
    '                  - name: envoy.filters.http.router',
    '                    typed_config:',
    `                      ${type('http.router.v3.Router')}`,
    '                      dynamic_stats: false',
    '                      suppress_envoy_headers: true',
    transportSocket(site),
    '  clusters:',
    '    - name: all',
    '      type: STATIC',
    '      connect_timeout: 5s',
    '      circuit_breakers:',
    '        thresholds:',
    `          - { max_connections: ${connectionsMax + 1000}, max_pending_requests: 100000, max_requests: 100000 }`,
    site.upstreamProtocol === 'h2c' ? HTTP2_CLUSTER : [],
    '      load_assignment:',
    '        cluster_name: all',
    '        endpoints:',
    '          - lb_endpoints:',
    `              - endpoint: { address: { socket_address: { address: ${LOOPBACK}, port_value: ${upstreamPort} } } }`,
  );
}

const HTTP2_CLUSTER = [
  '      typed_extension_protocol_options:',
  '        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:',
  '          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  '          explicit_http_config: { http2_protocol_options: {} }',
];

function transportSocket({ downstream, credentials: { certificateFile, keyFile } }: Site): string[] {
  if (downstream !== 'tls') return [];
  return [
    '          transport_socket:',
    '            name: envoy.transport_sockets.tls',
    '            typed_config:',
    '              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    '              common_tls_context:',
    '                alpn_protocols: [h2, http/1.1]',
    '                tls_certificates:',
    `                  - certificate_chain: { filename: ${certificateFile} }`,
    `                    private_key: { filename: ${keyFile} }`,
  ];
}

function virtualHosts(hosts: readonly string[]): string[] {
  const domains = hosts.length === 0 ? ['*'] : hosts;
  return domains.flatMap((domain, index) => [
    `                    - name: host-${index}`,
    `                      domains: ["${domain}"]`,
    '                      routes: [{ match: { prefix: "/" }, route: { cluster: all, timeout: 0s } }]',
  ]);
}

/** About what Sluice writes: when, who, what was asked, which server, which answer, how long. */
function jsonLog({ jsonLog }: Site): string[] {
  if (!jsonLog) return [];
  return [
    '                access_log:',
    '                  - name: file',
    '                    typed_config:',
    '                      "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
    '                      path: access.log',
    '                      log_format:',
    '                        json_format:',
    ...Object.entries(JSON_FIELDS).map(([name, value]) => `                          ${name}: "${value}"`),
  ];
}

const JSON_FIELDS = {
  time: '%START_TIME%',
  ClientHost: '%DOWNSTREAM_REMOTE_ADDRESS%',
  RequestMethod: '%REQ(:METHOD)%',
  RequestPath: '%REQ(:PATH)%',
  RequestProtocol: '%PROTOCOL%',
  RequestHost: '%REQ(:AUTHORITY)%',
  RequestContentSize: '%BYTES_RECEIVED%',
  DownstreamStatus: '%RESPONSE_CODE%',
  DownstreamContentSize: '%BYTES_SENT%',
  ServiceName: '%UPSTREAM_CLUSTER%',
  ServiceAddr: '%UPSTREAM_HOST%',
  Duration: '%DURATION%',
  OriginDuration: '%RESPONSE_DURATION%',
};

function headerLists(headers: number): string[] {
  if (headers === 0) return [];
  const list = (name: string, fieldOf: (index: number) => string) => [
    `                  ${name}:`,
    ...numbers(headers).map((index) => `                    - header: { key: ${fieldOf(index)}, value: value }`),
  ];
  return [...list('request_headers_to_add', requestFieldOf), ...list('response_headers_to_add', responseFieldOf)];
}
