// Carries out one check of a TCP server over a connection of its own, which is gone when it returns. One limit of time for all of it;
// in mode tcp one for connecting and one of the same length for what follows (tcp-udp.md section 7.3).
// Knows nothing of schedules or thresholds. No outcome shows a password.

import type { CheckOutcome } from '../http-check.ts';
import { UndecidedCheck } from '../undecided-check.ts';
import { CheckSocket } from './check-socket.ts';
import { checkMysql } from './mysql-check.ts';
import { checkPostgres } from './postgres-check.ts';
import { checkRedis } from './redis-check.ts';
import type { CheckPlace, StreamCheck } from './stream-target.ts';

/** @param cancel ends the check early; its outcome is then worthless. Never rejects. */
export async function runStreamCheck(
  place: CheckPlace,
  check: StreamCheck,
  timeoutMs: number,
  cancel: AbortSignal,
): Promise<CheckOutcome> {
  const socket = new CheckSocket(place);
  const onCancel = (): void => socket.destroy(new Error('stopped'));
  cancel.addEventListener('abort', onCancel);
  let awaited = 'connection';
  const late = (): void => socket.destroy(new Error(`no ${awaited} within ${timeoutMs} ms`));
  const timer = setTimeout(late, timeoutMs);
  try {
    await socket.connected();
    awaited = 'answer';
    const outcome = await ask(socket, place, check, () => timer.refresh());
    return { ...outcome, reason: withoutSecret(outcome.reason, check.password) };
  } catch (error) {
    const reason = withoutSecret(describeFailure(error), check.password);
    return { healthy: false, reason, ...(error instanceof UndecidedCheck && { isUndecided: true }) };
  } finally {
    clearTimeout(timer);
    cancel.removeEventListener('abort', onCancel);
    socket.destroy();
  }
}

async function ask(
  socket: CheckSocket,
  { secure }: CheckPlace,
  check: StreamCheck,
  moreTime: () => void,
): Promise<CheckOutcome> {
  if (check.mode === 'postgres') return checkPostgres(socket, check, secure);
  if (check.mode === 'mysql') return checkMysql(socket, check, secure);
  if (secure !== undefined) await socket.secure(secure);
  if (check.mode === 'redis') return checkRedis(socket, check);
  moreTime();
  return exchange(socket, check);
}

async function exchange(socket: CheckSocket, { send, expect }: StreamCheck): Promise<CheckOutcome> {
  if (send !== '') socket.write(Buffer.from(send));
  if (expect === '') return { healthy: true, reason: 'connected' };
  const expected = Buffer.from(expect);
  const answer = await socket.readSome();
  if (answer.length < expected.length) {
    return { healthy: false, reason: `the first read gave ${answer.length} bytes, expected ${expected.length}` };
  }
  const isSame = answer.subarray(0, expected.length).equals(expected);
  return { healthy: isSame, reason: isSame ? 'the expected answer' : 'another answer than the expected one' };
}

/** Servers may repeat what they were sent. */
function withoutSecret(reason: string, password: string): string {
  return password !== '' && reason.includes(password) ? 'the server refuses, in words that have the password' : reason;
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A name with several addresses fails with one error per address.
  const inner = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  return inner.message === '' ? inner.name : inner.message;
}
