// Asks one question over a control socket and waits for the one answer.

import { createConnection } from 'node:net';
import { readJsonLines, writeJsonLine } from './json-lines.ts';

/**
 * @param timeoutMs for connecting and answering together.
 * @returns the answer; its fields are unchecked.
 * @throws Error with `code` ECONNREFUSED (a stale file), ENOENT, …, or ETIMEDOUT; without code when the peer broke off.
 */
export function askControl(path: string, request: object, timeoutMs: number): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const timer = setTimeout(() => {
      finish(() => reject(Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' })));
    }, timeoutMs);
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    socket.once('connect', () => writeJsonLine(socket, request));
    socket.once('error', (error) => finish(() => reject(error)));
    socket.once('close', () => finish(() => reject(new Error('the connection ended without an answer'))));
    readJsonLines(
      socket,
      (answer) => finish(() => resolve(answer)),
      (reason) => finish(() => reject(new Error(reason))),
    );
  });
}
