// `healthCheck` of TCP services (tcp-udp.md section 7.3), with our modes, roles, thresholds and initial state, and of UDP services,
// which is all ours. Intervals that the reference replaces instead of refusing are replaced in repair-health-check.ts.

import { z } from 'zod';
import type { TcpHealthCheckConfiguration } from '../model/tcp-configuration.ts';
import type { UdpHealthCheckConfiguration } from '../model/udp-configuration.ts';
import { durationSchema } from '../schema/duration.ts';
import { boundedInteger } from '../schema/scalars.ts';
import { mayBeEmpty } from '../schema/section.ts';
import { HEALTH_CHECK_FALLBACK } from './health-check-schema.ts';

const OURS = 'Not part of the compatible configuration.';
/** Bytes of UTF-8; what one read of an answer may have to hold. */
const TEXT_MAX_BYTES = 65_535;

/** Any sign: what is not positive is replaced with a warning by the caller, not refused. */
const anyDuration = () => durationSchema({ minMs: Number.NEGATIVE_INFINITY });

const threshold = () => boundedInteger({ min: 1, max: 1_000_000 }).default(1);

const boundedText = (what: string) =>
  z
    .string()
    .refine((value) => Buffer.byteLength(value) <= TEXT_MAX_BYTES, {
      error: `must be at most ${TEXT_MAX_BYTES} bytes long`,
    })
    .default('')
    .describe(what);

const plainText = (what: string) =>
  z
    .string()
    .regex(/^[^\u0000]*$/, { error: 'must not contain a zero byte' })
    .default('')
    .describe(`${what} ${OURS}`);

const timing = {
  port: boundedInteger({ min: 0, max: 65_535 }).default(0).describe('Port of the check; 0: that of the server.'),
  interval: anyDuration()
    .prefault(HEALTH_CHECK_FALLBACK.interval)
    .describe('Time between checks of a server that is up.'),
  unhealthyInterval: anyDuration()
    .optional()
    .describe('Time between checks of a server that is down. Default: `interval`.'),
  timeout: anyDuration().prefault(HEALTH_CHECK_FALLBACK.timeout).describe('Time one check may take.'),
  healthyThreshold: threshold().describe(`Successes in a row that bring a server up. ${OURS}`),
  unhealthyThreshold: threshold().describe(`Failures in a row that take a server down. ${OURS}`),
};

const initialState = () => z.enum(['up', 'unknown']);
const UNKNOWN = '"unknown": a server gets nothing before its first check passed.';

const tcpFields = z.object({
  mode: z
    .enum(['tcp', 'postgres', 'mysql', 'redis'])
    .default('tcp')
    .describe(`Kind of check: tcp (connect, send, expect), or a question in the protocol of a database. ${OURS}`),
  send: boundedText('With tcp: text to send once connected.'),
  expect: boundedText('With tcp: what the answer must begin with.'),
  role: z
    .enum(['any', 'primary', 'replica'])
    .default('any')
    .describe(`With the other modes: what a server must be to be up. ${OURS}`),
  user: plainText('With the other modes: who asks.'),
  password: plainText('Password of that user.'),
  passwordFile: plainText('File that holds the password, in place of it; read again when it changes.'),
  database: plainText('With postgres and mysql: the database to ask in; empty: that of the server, or of the user.'),
  ...timing,
  initialState: initialState()
    .optional()
    .describe(`${UNKNOWN} Default: up; with a role other than any: unknown. ${OURS}`),
});

/** What the keys have to do with each other. */
function checkTcp(check: z.output<typeof tcpFields>, context: z.RefinementCtx): void {
  const { mode, role, user, password, passwordFile } = check;
  const fail = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  const ofTcp = (['send', 'expect'] as const).filter((key) => check[key] !== '');
  const ofDatabases = (['user', 'password', 'passwordFile', 'database'] as const).filter((key) => check[key] !== '');
  if (mode === 'tcp') {
    for (const key of ofDatabases) fail(key, 'needs the mode postgres, mysql or redis');
    if (role !== 'any') fail('role', `is ${role}, which needs the mode postgres, mysql or redis: tcp cannot tell`);
    return;
  }
  for (const key of ofTcp) fail(key, `needs the mode tcp; this check has the mode ${mode}`);
  if (password !== '' && passwordFile !== '') fail('passwordFile', 'must not be given together with "password"');
  if (mode !== 'redis' && user === '' && (role !== 'any' || password !== '' || passwordFile !== '')) {
    fail('user', `must be given: ${mode} says nothing of roles, and takes no password, without one`);
  }
}

const withUnhealthyInterval = <Check extends { interval: number; unhealthyInterval?: number | undefined }>(
  value: Check,
) => ({ ...value, unhealthyInterval: value.unhealthyInterval ?? value.interval });

export const tcpHealthCheckSchema = mayBeEmpty(tcpFields)
  .superRefine(checkTcp)
  .transform(withUnhealthyInterval)
  // Which of them takes writes is not to be guessed, not even for one interval.
  .transform((check) => ({ ...check, initialState: check.initialState ?? (check.role === 'any' ? 'up' : 'unknown') }))
  .optional()
  .describe('Active checks of the servers.') satisfies z.ZodType<TcpHealthCheckConfiguration | undefined>;

const udpFields = z.object({
  mode: z
    .enum(['tcp', 'udp'])
    .default('tcp')
    .describe('What is checked with: a connection, or a datagram that has to be answered.'),
  send: boundedText('Text to send; with udp at least one byte.'),
  expect: boundedText('What the answer must begin with.'),
  ...timing,
  initialState: initialState().default('up').describe(`${UNKNOWN} ${OURS}`),
});

export const udpHealthCheckSchema = mayBeEmpty(udpFields)
  .superRefine(({ mode, send }, context) => {
    if (mode === 'tcp' || send !== '') return;
    const message = 'must be given with the mode udp: nothing answers a datagram that is not sent';
    context.addIssue({ code: 'custom', path: ['send'], message });
  })
  .transform(withUnhealthyInterval)
  .optional()
  .describe(`Active checks of the servers. ${OURS}`) satisfies z.ZodType<UdpHealthCheckConfiguration | undefined>;
