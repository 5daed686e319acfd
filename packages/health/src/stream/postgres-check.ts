// A health check in PostgreSQL's protocol (version 3.0): is there a server that takes clients, does it let us in, is it the primary
// or a replica. Asks one question at most and leaves politely. Sends a password only in answer to a server that asks for it.

import { createHash } from 'node:crypto';
import { POSTGRES_TLS_REQUEST, PostgresAnswer, postgresAnswer } from '@sluice/protocols';
import type { SecureConnection } from '../check-tls.ts';
import type { CheckOutcome } from '../http-check.ts';
import { UndecidedCheck } from '../undecided-check.ts';
import type { CheckSocket } from './check-socket.ts';
import { roleOutcome } from './role-outcome.ts';
import { SCRAM_MECHANISM, ScramClient } from './scram.ts';
import { serverText } from './server-text.ts';
import type { StreamCheck } from './stream-target.ts';

const VERSION = 0x0003_0000;
/** Who asks when nobody is configured; such a user need not exist. */
const NOBODY = 'sluice-health-check';
const DATABASE_DEFAULT = 'postgres';
const QUESTION = 'SELECT pg_catalog.pg_is_in_recovery()';
/** cannot_connect_now: starting up, shutting down, or recovering from a crash. */
const NOT_READY = '57P03';
/** too_many_connections: of all, of the user, or of the database. */
const TOO_MANY = '53300';
const TERMINATE = Buffer.of(0x58, 0, 0, 0, 4);
const MESSAGES_MAX = 200;

/** Kinds of authentication requests. */
const AUTHENTICATION = { OK: 0, CLEARTEXT: 3, MD5: 5, SASL: 10, SASL_CONTINUE: 11, SASL_FINAL: 12 } as const;

/** @param secure undefined: without TLS @throws Error in a sentence */
export async function checkPostgres(
  socket: CheckSocket,
  check: StreamCheck,
  secure: SecureConnection | undefined,
): Promise<CheckOutcome> {
  if (secure !== undefined) await askForTls(socket, secure);
  socket.write(startup(check));
  if (check.user === '') return judgeFirstAnswer(await readMessage(socket));
  await authenticate(socket, check);
  await untilReady(socket);
  const outcome = check.role === 'any' ? { healthy: true, reason: 'logged in' } : await askForRole(socket, check.role);
  socket.write(TERMINATE);
  return outcome;
}

async function askForTls(socket: CheckSocket, secure: SecureConnection): Promise<void> {
  socket.write(POSTGRES_TLS_REQUEST);
  const answer = await socket.read(1);
  const kind = postgresAnswer(answer, 0, 1);
  if (kind === PostgresAnswer.UNWILLING) throw new Error('the server has no TLS');
  if (kind !== PostgresAnswer.WILLING) throw new Error('the server does not answer as PostgreSQL does');
  await socket.secure(secure);
}

function startup({ user, database }: StreamCheck): Buffer {
  const parameters = { user: user || NOBODY, database: database || DATABASE_DEFAULT, application_name: NOBODY };
  const text = Object.entries(parameters).flat().join('\0');
  const body = Buffer.from(`....${text}\0\0`);
  body.writeUInt32BE(VERSION);
  return withLength(body);
}

interface Message {
  readonly type: string;
  readonly body: Buffer;
}

async function readMessage(socket: CheckSocket): Promise<Message> {
  const head = await socket.read(5);
  const length = head.readUInt32BE(1);
  const type = head.toString('latin1', 0, 1);
  if (length < 4 || !/[A-Za-z1-3]/.test(type)) throw new Error('the server does not answer as PostgreSQL does');
  return { type, body: await socket.read(length - 4) };
}

/** Authentication that is asked for, or an error that PostgreSQL names: somebody is at home. */
function judgeFirstAnswer({ type, body }: Message): CheckOutcome {
  if (type === 'R') return { healthy: true, reason: 'the server asks who is there' };
  if (type !== 'E') return { healthy: false, reason: 'the server does not answer as PostgreSQL does' };
  const { C: state = '' } = fields(body);
  return { healthy: /^[0-9A-Z]{5}$/.test(state) && state !== NOT_READY, reason: errorText(body) };
}

async function authenticate(socket: CheckSocket, { user, password }: StreamCheck): Promise<void> {
  const scram = new ScramClient(password);
  for (let messages = 0; messages < MESSAGES_MAX; messages++) {
    const { type, body } = await readMessage(socket);
    if (type === 'E') throw refusalOf(body);
    if (type === 'N' || type === 'v') continue;
    if (type !== 'R' || body.length < 4) throw new Error('the server does not answer as PostgreSQL does');
    const kind = body.readUInt32BE(0);
    if (kind === AUTHENTICATION.OK) return;
    const answer = await answerTo(kind, body.subarray(4), user, password, scram);
    if (answer !== undefined) socket.write(message('p', answer));
  }
  throw new Error('the server does not come to an end');
}

/** Undefined: nothing is to be sent. */
async function answerTo(
  kind: number,
  data: Buffer,
  user: string,
  password: string,
  scram: ScramClient,
): Promise<Buffer | undefined> {
  switch (kind) {
    case AUTHENTICATION.CLEARTEXT:
      return Buffer.from(`${password}\0`);
    case AUTHENTICATION.MD5:
      return Buffer.from(`md5${md5(Buffer.concat([Buffer.from(md5(password + user)), data.subarray(0, 4)]))}\0`);
    case AUTHENTICATION.SASL: {
      if (!data.toString('latin1').split('\0').includes(SCRAM_MECHANISM)) break;
      const first = Buffer.from(scram.first());
      return Buffer.concat([Buffer.from(`${SCRAM_MECHANISM}\0`), lengthOf(first.length), first]);
    }
    case AUTHENTICATION.SASL_CONTINUE:
      return Buffer.from(await scram.final(data.toString('utf8')));
    case AUTHENTICATION.SASL_FINAL:
      scram.verify(data.toString('utf8'));
      return undefined;
  }
  throw new Error('the server wants an authentication other than password, MD5 and SCRAM-SHA-256');
}

/** @returns the first value of the first row, if there was one */
async function untilReady(socket: CheckSocket): Promise<string | undefined> {
  let value: string | undefined;
  for (let messages = 0; messages < MESSAGES_MAX; messages++) {
    const { type, body } = await readMessage(socket);
    if (type === 'Z') return value;
    if (type === 'E') throw refusalOf(body);
    if (type === 'D' && value === undefined && body.length >= 6)
      value = body.toString('utf8', 6, 6 + body.readUInt32BE(2));
  }
  throw new Error('the server does not come to an end');
}

async function askForRole(socket: CheckSocket, wanted: string): Promise<CheckOutcome> {
  socket.write(message('Q', Buffer.from(`${QUESTION}\0`)));
  const value = await untilReady(socket);
  if (value !== 't' && value !== 'f')
    return { healthy: false, reason: 'the server does not say whether it is in recovery' };
  const role = value === 't' ? 'replica' : 'primary';
  return roleOutcome(role, wanted);
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), withLength(body)]);
}

function withLength(body: Buffer): Buffer {
  return Buffer.concat([lengthOf(body.length + 4), body]);
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}

/** Severity, code and text of an error, by their letters. */
function fields(body: Buffer): Record<string, string> {
  const parts = body.toString('utf8').split('\0');
  return Object.fromEntries(parts.filter((part) => part !== '').map((part) => [part.slice(0, 1), part.slice(1)]));
}

function refusalOf(body: Buffer): Error {
  return new (fields(body).C === TOO_MANY ? UndecidedCheck : Error)(errorText(body));
}

function errorText(body: Buffer): string {
  const { C: state = '', M: text = '' } = fields(body);
  return serverText(`the server says ${state} ${text}`);
}

function md5(data: string | Buffer): string {
  return createHash('md5').update(data).digest('hex');
}
