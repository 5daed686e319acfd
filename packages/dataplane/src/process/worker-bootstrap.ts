// Reads what the supervisor put into the worker's environment. Checked like any other input: a worker started by hand or
// by another version says so and leaves, instead of failing somewhere later.

import { isAbsolute } from 'node:path';
import { type DrainTimes, WORKER_BOOTSTRAP_VARIABLE, type WorkerBootstrap } from './worker-protocol.ts';

type Fields = Readonly<Record<string, unknown>>;

/** @throws Error with one sentence when the text is absent or not a bootstrap of this version. */
export function parseWorkerBootstrap(text: string | undefined): WorkerBootstrap {
  if (text === undefined || text === '') {
    throw new Error(`a worker is started by the supervisor only (${WORKER_BOOTSTRAP_VARIABLE} is not set)`);
  }
  const fields = fieldsOf(parseJson(text), 'the bootstrap');
  for (const name of ['controlDescriptor', 'statusDescriptor', 'snapshotDescriptor', 'slot', 'revision'] as const) {
    requireCount(fields, name, 0);
  }
  requireCount(fields, 'slots', 1);
  if (Number(fields.slot) >= Number(fields.slots)) throw new Error('the bootstrap names a slot beyond the last one');
  if (typeof fields.runtimeDirectory !== 'string' || !isAbsolute(fields.runtimeDirectory)) {
    throw new Error('the bootstrap must name the runtime directory by an absolute path');
  }
  const limits = fieldsOf(fields.limits, 'limits');
  requireCount(limits, 'descriptor', 3);
  requireCount(limits, 'bufferedBytesMax', 0);
  requireListeners(fields.listeners);
  if (fields.tls !== undefined) requireTls(fieldsOf(fields.tls, 'tls'));
  if (fields.metrics !== undefined) requireMetrics(fieldsOf(fields.metrics, 'metrics'));
  if (fields.mailboxes !== undefined) requireMailboxes(fieldsOf(fields.mailboxes, 'mailboxes'), Number(fields.slots));
  requireLog(fieldsOf(fields.log, 'log'));
  if (fields.accessLog !== undefined) requireAccessLog(fieldsOf(fields.accessLog, 'accessLog'));
  const lifeCycle = fieldsOf(fields.lifeCycle, 'lifeCycle');
  for (const part of ['streams', 'datagrams'] as const)
    requireDrainTimes(fieldsOf(lifeCycle[part], `lifeCycle.${part}`));
  return fields as unknown as WorkerBootstrap;
}

/** @throws Error unless it is a finite number of milliseconds, not negative. */
function requireDuration(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${name} must be a number of milliseconds, not ${JSON.stringify(value)}`);
}

/** @throws Error as `requireDuration` does. */
export function requireDrainTimes(fields: Fields): DrainTimes {
  return { acceptGraceMs: requireDuration(fields, 'acceptGraceMs'), graceMs: requireDuration(fields, 'graceMs') };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('the bootstrap is not JSON');
  }
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(`${what} must be an object`);
}

function requireCount(fields: Fields, name: string, min: number): void {
  const value = fields[name];
  if (Number.isSafeInteger(value) && Number(value) >= min) return;
  throw new Error(`the bootstrap's ${name} must be an integer from ${min}, not ${JSON.stringify(value)}`);
}

function requireTls(tls: Fields): void {
  requireCount(tls, 'number', 0);
  requireCount(tls, 'descriptor', 3);
}

function requireListeners(value: unknown): void {
  if (!Array.isArray(value)) throw new Error("the bootstrap's listeners must be a list");
  for (const item of value) {
    const listener = fieldsOf(item, 'a listener of the bootstrap');
    if (typeof listener.entryPoint !== 'string') throw new Error('a listener of the bootstrap has no entry point');
    requireCount(listener, 'descriptor', 3);
  }
}

function requireMailboxes(mailboxes: Fields, slots: number): void {
  requireCount(mailboxes, 'receive', 3);
  const { send } = mailboxes;
  if (Array.isArray(send) && send.length === slots && send.every((each) => Number.isSafeInteger(each) && each >= 3))
    return;
  throw new Error('the bootstrap must name a mailbox of each slot');
}

function requireMetrics(metrics: Fields): void {
  requireCount(metrics, 'descriptor', 3);
  const settings = fieldsOf(metrics.settings, 'the settings of metrics');
  const known = ['entryPoints', 'routers', 'services', 'internals'].every(
    (name) => typeof settings[name] === 'boolean',
  );
  const { headers } = settings;
  if (known && Array.isArray(headers) && headers.every((name) => typeof name === 'string')) return;
  throw new Error("the bootstrap's settings of metrics must say which families, and a list of headers");
}

function requireLog(log: Fields): void {
  const known = log.format === 'common' || log.format === 'json';
  if (!known || typeof log.level !== 'string' || typeof log.filePath !== 'string') {
    throw new Error("the bootstrap's log must have level, format (common or json) and filePath");
  }
}

function requireAccessLog({ format, filePath, filters, fields }: Fields): void {
  const known = format === 'common' || format === 'genericCLF' || format === 'json';
  if (!known || typeof filePath !== 'string' || filters === undefined || fields === undefined) {
    throw new Error("the bootstrap's access log must have format, filePath, filters and fields");
  }
}
