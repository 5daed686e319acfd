// Status lines as ready-made bytes, one buffer per status and version, made on first use.

import { reasonPhrase } from './reason-phrase.ts';

const STATUS_MIN = 100;
const STATUS_MAX = 999;

const lines: (Buffer | undefined)[] = new Array((STATUS_MAX + 1) * 2).fill(undefined);

/**
 * `HTTP/1.x <status> <reason>` with CR LF, for a status from 100 to 999 (RangeError otherwise); `minorVersion` 0 or 1.
 * The buffer is shared: never write to it.
 */
export function statusLineBytes(status: number, minorVersion = 1): Buffer {
  if (!Number.isInteger(status) || status < STATUS_MIN || status > STATUS_MAX) {
    throw new RangeError(`status ${status} is not from ${STATUS_MIN} to ${STATUS_MAX}`);
  }
  const index = status * 2 + (minorVersion === 0 ? 0 : 1);
  return lines[index] ?? makeLine(index, status, minorVersion);
}

function makeLine(index: number, status: number, minorVersion: number): Buffer {
  const version = minorVersion === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
  const line = Buffer.from(`${version} ${status} ${reasonPhrase(status)}\r\n`, 'latin1');
  lines[index] = line;
  return line;
}
