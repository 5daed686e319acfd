// One exchange over a TCP connection of its own, with every byte of the answer looked at: to see whether a proxy is ready and answers
// rightly. Not for measurements.

import { connect } from 'node:net';
import { LOOPBACK } from '../lab/free-port.ts';
import { type ExchangeShape, FILL_BYTE, requestOf, SMALL_EXCHANGE } from '../upstream/exchange-protocol.ts';

const TIMEOUT_MS = 10_000;

/** @throws Error for another answer than the one that was asked for, or none in time. */
export function askExchange(port: number, shape: ExchangeShape = SMALL_EXCHANGE): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: LOOPBACK });
    const fail = (sentence: string) => socket.destroy(new Error(sentence));
    let received = 0;
    socket.setTimeout(TIMEOUT_MS, () => fail(`no answer within ${TIMEOUT_MS} ms`));
    socket.on('data', (bytes: Buffer) => {
      received += bytes.length;
      if (!bytes.equals(Buffer.alloc(bytes.length, FILL_BYTE))) fail('answers with other bytes than its server');
      else if (received > shape.answerBytes) fail(`answers with more than ${shape.answerBytes} bytes`);
      else if (received === shape.answerBytes) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (received === shape.answerBytes) resolve();
      else reject(new Error(`the connection was closed after ${received} of ${shape.answerBytes} bytes`));
    });
    socket.write(requestOf(shape));
    if (shape.uploadBytes > 0) socket.write(Buffer.alloc(shape.uploadBytes, FILL_BYTE));
  });
}
