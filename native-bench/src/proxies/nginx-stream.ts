// nginx where TCP or UDP is passed on as it is: its stream module, which may be part of it or a module to load. Text only; HTTP is in
// nginx.ts.

import { existsSync } from 'node:fs';
import { LOOPBACK } from '../lab/free-port.ts';
import { findTool, linesOf, type Tool } from '../lab/tools.ts';
import { nginxMain } from './nginx-main.ts';
import { lines, type Site } from './proxy.ts';

/** Where Debian's package puts it. */
const MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

export const NGINX_STREAM: Tool = {
  command: 'stream module of nginx',
  debianPackage: 'libnginx-mod-stream',
  isThere: () => existsSync(MODULE) || isBuiltIn(),
};

export function streamConfiguration({ folder, port, upstreamPort, workers, connectionsMax, downstream }: Site): string {
  const udp = downstream === 'udp' ? ' udp' : '';
  return lines(
    existsSync(MODULE) ? `load_module ${MODULE};` : '',
    nginxMain(folder, workers, connectionsMax),
    'stream {',
    '    server {',
    `        listen ${LOOPBACK}:${port}${udp === '' ? ' backlog=4096' : udp};`,
    `        proxy_pass ${LOOPBACK}:${upstreamPort};`,
    '        proxy_connect_timeout 5s;',
    '        proxy_timeout 300s;',
    '        proxy_buffer_size 64k;',
    '    }',
    '}',
  );
}

/** `--with-stream`, not `--with-stream=dynamic`. */
function isBuiltIn(): boolean {
  return (
    findTool('nginx') !== undefined && linesOf('nginx', ['-V']).some((line) => /--with-stream(?![=\w-])/.test(line))
  );
}
