// Which servers of TCP services have to be checked for health, and how. Pure but for passwords in files, which are asked for each time
// targets are made. Rows have been given out, and certificates read, before.

import type { LoadedTransports } from '@sluice/certificates';
import { DEFAULT_TCP_TRANSPORT, type TcpConfiguration, type TcpHealthCheckConfiguration } from '@sluice/config';
import type { CheckTls, StreamCheck, StreamTarget } from '@sluice/health';
import { streamServerKey, tcpTransportKey } from '@sluice/routing';
import type { FoundPassword } from './password-files.ts';

export interface TcpHealthTargetsInput {
  readonly tcp: TcpConfiguration;
  /** Of every server by `streamServerKey`. */
  readonly rows: ReadonlyMap<string, number>;
  /** What checks over TLS need; undefined: nobody has read it. */
  readonly loaded: Pick<LoadedTransports, 'transports' | 'systemAuthorities'> | undefined;
  /** @param file as configured */
  readonly passwordIn: (file: string) => FoundPassword;
  /** The check goes on with the last one that could be read, or without, and says what the server thinks of that. */
  readonly onUnreadable: (service: string, file: string, reason: string) => void;
}

/** Servers without a check count as up. */
export function tcpHealthTargetsOf(input: TcpHealthTargetsInput): StreamTarget[] {
  const targets: StreamTarget[] = [];
  for (const [service, { loadBalancer }] of Object.entries(input.tcp.services)) {
    if (loadBalancer === undefined) continue;
    const { servers, healthCheck, serversTransport } = loadBalancer;
    const usesTls = healthCheck !== undefined && servers.some(({ tls }) => tls);
    targets.push({
      kind: 'tcp',
      service,
      healthCheck: healthCheck && checkOf(service, healthCheck, input),
      tls: usesTls ? tlsOf(serversTransport, input) : undefined,
      servers: servers.map(({ address, tls }) => {
        return { url: address, tls, statusRow: input.rows.get(streamServerKey('tcp', service, address))! };
      }),
    });
  }
  return targets;
}

function checkOf(
  service: string,
  { passwordFile, ...check }: TcpHealthCheckConfiguration,
  { passwordIn, onUnreadable }: TcpHealthTargetsInput,
): StreamCheck {
  if (passwordFile === '') return check;
  const { password, problem } = passwordIn(passwordFile);
  if (problem !== undefined) onUnreadable(service, passwordFile, problem);
  return { ...check, password };
}

function tlsOf(name: string, { loaded }: TcpHealthTargetsInput): CheckTls | undefined {
  if (loaded === undefined) return undefined;
  const transport = loaded.transports[tcpTransportKey(name === '' ? DEFAULT_TCP_TRANSPORT : name)];
  const systemAuthorities = transport?.authorities === '' ? loaded.systemAuthorities : '';
  return { transport, systemAuthorities, disableHttp2: true };
}
