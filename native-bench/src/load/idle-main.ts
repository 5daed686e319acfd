// Opens many connections, sends one request on each so that it is a kept-alive HTTP connection, and leaves them idle.
// Arguments: port, number, `tls` for connections in TLS. Prints `open <n>` once all have their answer, and at the end of its input `lost <n>`: how many
// were closed by the other side meanwhile. A program of its own, so that its memory and time are nobody else's.

import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { get, requestText } from './load-request.ts';
import { NODE_TLS } from './tls-choices.ts';

/** So many are opened at a time: more than that overflow accept queues, which is another scenario. */
const OPENING_MAX = 100;
/** Handshakes are work for both sides: fewer, so that none waits for long. */
const OPENING_TLS_MAX = 16;
const ANSWER_TIMEOUT_MS = 30_000;
const REQUEST = requestText(get('/'));

const [port, wanted] = process.argv.slice(2, 4).map(Number) as [number, number];
const inTls = process.argv[4] === 'tls';
const openingMax = inTls ? OPENING_TLS_MAX : OPENING_MAX;
const sockets = new Set<Socket>();
let lost = 0;

function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = inTls ? connectTls({ host: '127.0.0.1', port, ...NODE_TLS }) : connect(port, '127.0.0.1');
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), ANSWER_TIMEOUT_MS);
    socket.on(inTls ? 'secureConnect' : 'connect', () => socket.write(REQUEST));
    socket.on('error', reject);
    socket.on('close', () => {
      if (sockets.delete(socket)) lost++;
      else reject(new Error('closed before the answer'));
    });
    // The answer is small and comes in one piece, two at most; what follows the first tells nothing new.
    socket.on('data', () => {
      if (sockets.has(socket)) return;
      clearTimeout(timer);
      sockets.add(socket);
      resolve();
    });
  });
}

async function opener(share: number): Promise<void> {
  for (let i = 0; i < share; i++) await open();
}

try {
  const shares = Array.from({ length: openingMax }, (_, index) => Math.floor((wanted + index) / openingMax));
  await Promise.all(shares.map(opener));
} catch (error) {
  process.stderr.write(`idle connections: ${sockets.size} of ${wanted} opened: ${(error as Error).message}\n`);
  process.exit(1);
}
process.stdout.write(`open ${sockets.size}\n`);
process.stdin.on('end', () => process.stdout.write(`lost ${lost}\n`, () => process.exit(0))).resume();
