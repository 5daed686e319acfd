// A PostgreSQL client over TLS as those of version 17 are: it offers PostgreSQL's application protocol, and asks for TLS first or begins
// with it. Verifies whom it speaks to. For where the installed client is older.

import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { POSTGRES_ALPN, POSTGRES_TLS_REQUEST } from '@sluice/protocols';
import { PostgresClient, type PostgresLogin } from './postgres-client.ts';

export interface SecurePostgresReach extends PostgresLogin {
  readonly port: number;
  readonly serverName: string;
  /** PEM of who signed the certificate. */
  readonly ca: Buffer;
  /** It begins with TLS, and wants its application protocol agreed to. */
  readonly isDirect: boolean;
}

const TIMEOUT_MS = 60_000;

/** @throws Error when TLS fails, or the application protocol is not agreed to where it must be */
export async function openSecurePostgres(reach: SecurePostgresReach): Promise<PostgresClient> {
  const { port, serverName, ca, isDirect, ...login } = reach;
  const wire = connect({ port, host: '127.0.0.1', noDelay: true });
  wire.on('error', () => {});
  const timer = setTimeout(() => wire.destroy(), TIMEOUT_MS);
  try {
    await once(wire, 'connect');
    if (!isDirect) {
      wire.write(POSTGRES_TLS_REQUEST);
      const [answer] = (await once(wire, 'data')) as [Buffer];
      if (answer.toString('latin1') !== 'S') throw new Error(`the server answers ${answer.toString('hex')}`);
    }
    const socket = connectTls({ socket: wire, servername: serverName, ca, ALPNProtocols: [POSTGRES_ALPN] });
    await once(socket, 'secureConnect');
    if (isDirect && socket.alpnProtocol !== POSTGRES_ALPN) throw new Error('no application protocol was agreed to');
    return await PostgresClient.over(socket, login);
  } catch (error) {
    wire.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
