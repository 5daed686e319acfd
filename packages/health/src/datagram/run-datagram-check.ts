// Carries out one check of a UDP server from a socket of its own, which hears nobody else and is closed when this returns: one
// datagram out, one back. Knows nothing of schedules or thresholds. A datagram that is lost fails the check: that is what
// thresholds are for.

import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { CheckOutcome } from '../http-check.ts';
import type { ServerAddress } from '../server-address.ts';
import type { DatagramCheck } from './datagram-target.ts';

type Question = Pick<DatagramCheck, 'send' | 'expect'>;

/** @param cancel ends the check early; its outcome is then worthless. Never rejects. */
export async function runDatagramCheck(
  address: ServerAddress,
  question: Question,
  timeoutMs: number,
  cancel: AbortSignal,
): Promise<CheckOutcome> {
  let socket: Socket | undefined;
  let end = (_reason: string): void => {};
  // Whatever comes first; looking up a name cannot be ended.
  const ended = new Promise<CheckOutcome>((resolve) => {
    end = (reason) => resolve({ healthy: false, reason });
  });
  const timer = setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs);
  const onCancel = (): void => end('stopped');
  cancel.addEventListener('abort', onCancel);
  let isOver = false;
  const asked = lookup(address.host).then(({ address: host, family }) => {
    if (isOver) return undefined;
    socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    return ask(socket, host, address.port, question);
  });
  try {
    return (await Promise.race([asked, ended])) ?? { healthy: false, reason: 'stopped' };
  } catch (error) {
    return { healthy: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    isOver = true;
    clearTimeout(timer);
    cancel.removeEventListener('abort', onCancel);
    socket?.close();
    asked.catch(() => {});
  }
}

/** Rejects when the server's host says that nobody listens there. */
function ask(socket: Socket, host: string, port: number, { send, expect }: Question): Promise<CheckOutcome> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (answer) => resolve(judge(answer, expect)));
    // Connected, so that only this server is heard, and the network's refusals are.
    socket.connect(port, host, () => socket.send(Buffer.from(send)));
  });
}

function judge(answer: Buffer, expect: string): CheckOutcome {
  const expected = Buffer.from(expect);
  const isSame = answer.subarray(0, expected.length).equals(expected);
  return { healthy: isSame, reason: isSame ? 'the expected answer' : 'another answer than the expected one' };
}
