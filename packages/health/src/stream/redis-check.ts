// A health check in the protocol of Redis (RESP), and of those that speak it: does the server answer PING, is it a master or a
// replica. Of errors only their first word is shown, since a server may repeat what it was sent.

import type { CheckOutcome } from '../http-check.ts';
import { UndecidedCheck } from '../undecided-check.ts';
import type { CheckSocket } from './check-socket.ts';
import { roleOutcome } from './role-outcome.ts';
import type { StreamCheck } from './stream-target.ts';

/** A server that knows who it wants in, is one. */
const ALIVE = new Set(['NOAUTH', 'NOPERM']);
/** Of maxclients. */
const TOO_MANY = '-ERR max number of clients reached';
const BULK_BYTES_MAX = 32 * 1024;
const NOT_REDIS = 'the server does not answer as Redis does';

/** @throws Error in a sentence */
export async function checkRedis(socket: CheckSocket, check: StreamCheck): Promise<CheckOutcome> {
  const { user, password, role } = check;
  if (password !== '') {
    const reply = await ask(socket, 'AUTH', ...(user === '' ? [] : [user]), password);
    if (reply !== '+OK') return { healthy: false, reason: `not logged in: ${shown(reply)}` };
  }
  const pong = await ask(socket, 'PING');
  const isAlive = pong === '+PONG' || (password === '' && ALIVE.has(firstWord(pong)));
  if (!isAlive || role === 'any') return { healthy: isAlive, reason: pong === '+PONG' ? 'PONG' : shown(pong) };
  const found = await askForRole(socket);
  if (found === undefined) return { healthy: false, reason: 'the server does not say whether it is a master' };
  return roleOutcome(found, role);
}

/** ROLE may be forbidden or unknown where INFO is not. */
async function askForRole(socket: CheckSocket): Promise<string | undefined> {
  const reply = await ask(socket, 'ROLE');
  // The first of several values; what else there is need not be read.
  if (reply.startsWith('*')) return roleOf(await readReply(socket));
  const info = await ask(socket, 'INFO', 'replication');
  return roleOf(`$${/^role:(\w+)\r?$/m.exec(info)?.[1] ?? ''}`);
}

function roleOf(reply: string): string | undefined {
  if (reply === '$master') return 'primary';
  return reply === '$slave' || reply === '$replica' ? 'replica' : undefined;
}

async function ask(socket: CheckSocket, ...words: string[]): Promise<string> {
  const bulks = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  socket.write(Buffer.from(`*${words.length}\r\n${bulks.join('')}`));
  const reply = await readReply(socket);
  if (reply.startsWith(TOO_MANY)) throw new UndecidedCheck('the server has as many clients as it takes');
  return reply;
}

/** The line of a simple reply, or `$` with what a bulk string holds. */
async function readReply(socket: CheckSocket): Promise<string> {
  const line = await socket.readLine();
  if (!/^[+\-:$*]/.test(line)) throw new Error(NOT_REDIS);
  if (!line.startsWith('$')) return line;
  const bytes = Number(line.slice(1));
  if (!Number.isInteger(bytes) || bytes < 0 || bytes > BULK_BYTES_MAX) throw new Error(NOT_REDIS);
  return `$${(await socket.read(bytes + 2)).toString('latin1', 0, bytes)}`;
}

function firstWord(reply: string): string {
  return /^-([A-Z]{1,30})\b/.exec(reply)?.[1] ?? '';
}

function shown(reply: string): string {
  return firstWord(reply) === '' ? NOT_REDIS : `the server says ${firstWord(reply)}`;
}
