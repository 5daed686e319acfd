// Asks as people do, with curl, and gives its answer in parts. Whatever curl itself cannot do is an error with its words.

import { execFile } from 'node:child_process';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';

const TIMEOUT_S = 60;
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

export interface CurlAnswer {
  readonly status: number;
  /** Lines of the head, without the empty one. */
  readonly head: string;
  readonly body: string;
  /** Connections that were made for it; 0: one from before was used. */
  readonly connects: number;
  /** `1.1` or `2`. */
  readonly version: string;
}

/** @throws Error in one sentence when curl is missing and cannot be installed. */
export function requireCurl(context: TestContext): void {
  requireTools([{ command: 'curl', debianPackage: 'curl' }], (line) => context.diagnostic(line));
}

/** Behind everything that curl prints about one URL. */
const MARK = '\n--curl-answer-end-- ';

/** One answer for each URL among the arguments. */
export async function curl(...args: readonly string[]): Promise<CurlAnswer[]> {
  const fixed = ['-sS', '-i', '--max-time', String(TIMEOUT_S), '-w', `${MARK}%{num_connects} %{http_version}\n`];
  const { stdout } = await promisify(execFile)(findTool('curl')!, [...fixed, ...args], {
    encoding: 'latin1',
    maxBuffer: OUTPUT_MAX_BYTES,
  });
  const parts = stdout.split(MARK);
  return parts.slice(0, -1).map((part, index) => {
    const [connects, version = ''] = parts[index + 1]!.slice(0, parts[index + 1]!.indexOf('\n')).split(' ');
    const answer = answerOf(index === 0 ? part : part.slice(part.indexOf('\n') + 1));
    return { ...answer, connects: Number(connects), version };
  });
}

function answerOf(text: string): Pick<CurlAnswer, 'status' | 'head' | 'body'> {
  const head = text.slice(0, text.indexOf('\r\n\r\n'));
  const rest = text.slice(head.length + 4);
  const status = Number(/^HTTP\/(?:1\.1|2) (\d{3})/.exec(head)?.[1]);
  return status === 100 ? answerOf(rest) : { status, head, body: rest };
}
