// The beginning of a PostgreSQL session on a connection of its own, to its server's welcome: to see whether a proxy is ready and leads
// there. Not for measurements.

import { connect } from 'node:net';
import { LOOPBACK } from '../lab/free-port.ts';
import { POSTGRES_DATABASE, POSTGRES_USER } from './postgres-names.ts';

const TIMEOUT_MS = 10_000;
/** Frontend/Backend Protocol, message flow of the start-up. */
const PROTOCOL_VERSION = 3 << 16;
const AUTHENTICATION_OK = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);

/** @throws Error when it does not let us in. */
export function askPostgres(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: LOOPBACK });
    let received = Buffer.alloc(0);
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length >= AUTHENTICATION_OK.length) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (received.subarray(0, AUTHENTICATION_OK.length).equals(AUTHENTICATION_OK)) resolve();
      else reject(new Error(`PostgreSQL does not let us in: ${received.toString('latin1', 0, 200)}`));
    });
    socket.write(startup());
  });
}

function startup(): Buffer {
  const parameters = Buffer.from(`user\0${POSTGRES_USER}\0database\0${POSTGRES_DATABASE}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + parameters.length, 0);
  head.writeInt32BE(PROTOCOL_VERSION, 4);
  return Buffer.concat([head, parameters]);
}
