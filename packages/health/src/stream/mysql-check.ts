// A health check in MySQL's protocol, of MySQL and MariaDB: does the server greet, does it let us in, may it be written to. Knows
// mysql_native_password and caching_sha2_password; a password as it is goes over TLS only.
// Without credentials the server is left after its greeting, which it counts among broken connections (max_connect_errors).

import { createHash } from 'node:crypto';
import type { SecureConnection } from '../check-tls.ts';
import type { CheckOutcome } from '../http-check.ts';
import type { CheckSocket } from './check-socket.ts';
import {
  Capability,
  firstColumn,
  type Greeting,
  loginPacket,
  MysqlPackets,
  PacketKind,
  parseGreeting,
  parseSwitch,
  tlsRequestPacket,
} from './mysql-packets.ts';
import { roleOutcome } from './role-outcome.ts';
import { serverText } from './server-text.ts';
import type { StreamCheck } from './stream-target.ts';

const NATIVE = 'mysql_native_password';
const SHA2 = 'caching_sha2_password';
const COMMAND_QUIT = 1;
const COMMAND_QUERY = 3;
const QUESTION = 'SELECT @@global.read_only';
/** What follows a proof of caching_sha2_password. */
const KNOWN = 3;
const PASSWORD_WANTED = 4;
const ANSWERS_MAX = 8;
const ROW_PACKETS_MAX = 8;

/** @param secure undefined: without TLS @throws Error in a sentence */
export async function checkMysql(
  socket: CheckSocket,
  check: StreamCheck,
  secure: SecureConnection | undefined,
): Promise<CheckOutcome> {
  const packets = new MysqlPackets(socket);
  const greeting = parseGreeting(await packets.read());
  if (secure !== undefined) {
    if ((greeting.capabilities & Capability.SSL) === 0) throw new Error('the server has no TLS');
    packets.write(tlsRequestPacket(check.database));
    await socket.secure(secure);
  }
  if (check.user === '') return { healthy: true, reason: serverText(`greeted by ${greeting.version}`) };
  await logIn(socket, packets, check, greeting);
  const outcome = check.role === 'any' ? { healthy: true, reason: 'logged in' } : await askForRole(packets, check.role);
  packets.command(COMMAND_QUIT);
  return outcome;
}

async function logIn(
  socket: CheckSocket,
  packets: MysqlPackets,
  check: StreamCheck,
  greeting: Greeting,
): Promise<void> {
  const { user, database, password } = check;
  let { plugin, nonce } = greeting;
  // Any other is the server's to ask for again; it may want a way for this user that we know.
  if (plugin !== SHA2) plugin = NATIVE;
  packets.write(loginPacket({ user, database, plugin, proof: proofOf(plugin, password, nonce) }, socket.isSecure));
  for (let answers = 0; answers < ANSWERS_MAX; answers++) {
    const body = await packets.read();
    if (body[0] === PacketKind.OK) return;
    if (body[0] === PacketKind.END) {
      ({ plugin, nonce } = parseSwitch(body));
      packets.write(proofOf(plugin, password, nonce));
    } else if (body[0] === PacketKind.MORE && plugin === SHA2) {
      proveInFull(socket, packets, password, body);
    } else {
      break;
    }
  }
  throw new Error('the server does not answer as MySQL does');
}

function proofOf(plugin: string, password: string, nonce: Buffer): Buffer {
  if (plugin !== NATIVE && plugin !== SHA2) {
    throw new Error(
      serverText(`the server wants ${plugin || 'an old kind of authentication'}, which is not ${NATIVE} or ${SHA2}`),
    );
  }
  if (password === '') return Buffer.alloc(0);
  const hash = plugin === NATIVE ? 'sha1' : 'sha256';
  const once = digest(hash, Buffer.from(password));
  const twice = digest(hash, once);
  const mixed = plugin === NATIVE ? digest(hash, nonce, twice) : digest(hash, twice, nonce);
  for (let index = 0; index < once.length; index++) once[index] ^= mixed[index];
  return once;
}

/** The server knows the password's digest only once somebody has logged in since its start. */
function proveInFull(socket: CheckSocket, packets: MysqlPackets, password: string, body: Buffer): void {
  if (body[1] === KNOWN) return;
  if (body[1] !== PASSWORD_WANTED) throw new Error('the server does not answer as MySQL does');
  if (!socket.isSecure) throw new Error('the server wants the password as it is, which goes over TLS only');
  packets.write(Buffer.from(`${password}\0`));
}

/** Columns, their end, rows, their end. */
async function askForRole(packets: MysqlPackets, wanted: string): Promise<CheckOutcome> {
  packets.command(COMMAND_QUERY, QUESTION);
  const head = await packets.read();
  let value: string | undefined;
  let ends = 0;
  for (let count = 0; head[0] === 1 && count < ROW_PACKETS_MAX && ends < 2; count++) {
    const body = await packets.read();
    if (body[0] === PacketKind.END && body.length < 9) ends++;
    else if (ends === 1) value ??= firstColumn(body);
  }
  if (value === undefined || ends < 2)
    return { healthy: false, reason: 'the server does not say whether it is read only' };
  // Newer versions of MariaDB have words for it.
  const role = value === '0' || value === 'OFF' ? 'primary' : 'replica';
  return roleOutcome(role, wanted);
}

function digest(hash: string, ...parts: Buffer[]): Buffer {
  const sum = createHash(hash);
  for (const part of parts) sum.update(part);
  return sum.digest();
}
