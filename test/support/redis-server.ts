// A Redis of its own on a loopback port, keeping nothing. It comes from Debian; the service that the package has is not started.

import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { listens } from './nginx-server.ts';
import { type AtEnd, serverFolder, startProcess } from './server-process.ts';

/**
 * @param options such as `--requirepass`, `secret`.
 * @param pair files of a certificate and its key: it speaks TLS and nothing else.
 * @returns its port
 */
export async function startRedis(
  atEnd: AtEnd,
  options: readonly string[] = [],
  pair?: { readonly cert: string; readonly key: string },
): Promise<number> {
  requireTools([{ command: 'redis-server', debianPackage: 'redis-server' }], () => {});
  const folder = serverFolder(atEnd, 'redis', {});
  const port = await freePort();
  const ports =
    pair === undefined
      ? ['--port', `${port}`]
      : ['--port', '0', '--tls-port', `${port}`, '--tls-cert-file', pair.cert, '--tls-key-file', pair.key];
  const tls = pair === undefined ? [] : ['--tls-auth-clients', 'no'];
  const args = [...ports, ...tls, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = startProcess(atEnd, findTool('redis-server')!, [...args, ...options], {}, 'SIGTERM');
  await eventually('Redis takes clients', () => {
    if (child.exitCode !== null) throw new Error(`Redis ended with ${child.exitCode}`);
    return listens(port);
  });
  return port;
}
