// A port that nobody had a moment ago, neither of TCP nor of UDP, for entry points that share its number. Holds it no longer than the
// call: another program may take it before it is used.

import dgram from 'node:dgram';
import { freePort } from './free-port.ts';

const ATTEMPTS = 20;

export async function freeUdpPort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = await freePort();
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free for both TCP and UDP');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    socket.once('error', () => socket.close(() => resolve(false)));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
