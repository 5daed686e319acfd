// One datagram and its echo: to see whether a proxy of UDP is ready and passes on the right bytes. Not for measurements.

import { createSocket } from 'node:dgram';
import { LOOPBACK } from '../lab/free-port.ts';

/** UDP may lose one where nobody listens yet, without a word. */
const TIMEOUT_MS = 500;

/** @throws Error for another echo than what was sent, or none in time. */
export async function askDatagram(port: number, bytes: number): Promise<void> {
  const payload = Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 7) % 251));
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      setTimeout(() => reject(new Error(`no echo within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
      socket.on('error', reject);
      socket.on('message', (echo) => {
        if (echo.equals(payload)) resolve();
        else reject(new Error(`an echo of ${echo.length} bytes that is not what was sent`));
      });
      socket.send(payload, port, LOOPBACK);
    });
  } finally {
    socket.close();
  }
}
