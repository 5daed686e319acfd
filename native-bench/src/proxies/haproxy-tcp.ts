// HAProxy where TCP is passed on as it is. Text only; HTTP is in haproxy.ts.

import { LOOPBACK } from '../lab/free-port.ts';
import { lines, type Site } from './proxy.ts';

/** What the kernel lets an ordinary user have. Its default is 64 KiB, with which splicing takes more calls. */
const PIPE_BYTES = 1024 * 1024;

/** When it splices: where it takes a connection for a fast stream, as its documentation recommends; or always. */
export type Splicing = 'auto' | 'always';

export function tcpConfiguration(site: Site, splicing: Splicing): string {
  const { port, upstreamPort, workers, connectionsMax } = site;
  return lines(
    'global',
    `    nbthread ${workers}`,
    '    no strict-limits',
    `    maxconn ${connectionsMax + 1000}`,
    `    tune.pipesize ${PIPE_BYTES}`,
    'defaults',
    '    mode tcp',
    splicing === 'auto' ? '    option splice-auto' : ['    option splice-request', '    option splice-response'],
    '    timeout connect 5s',
    '    timeout client 300s',
    '    timeout server 300s',
    'frontend web',
    `    bind ${LOOPBACK}:${port}`,
    '    default_backend all',
    'backend all',
    `    server one ${LOOPBACK}:${upstreamPort}`,
  );
}
