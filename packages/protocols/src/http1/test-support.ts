// Helpers of the codec's tests: parse a text, describe what came out, guard the bytes around the head.

import { BodyKind, RequestHead } from '../http-head/request-head.ts';
import { ResponseHead } from '../http-head/response-head.ts';
import { HeadError } from './head-error.ts';
import { DEFAULT_HEAD_LIMITS, type HeadLimits } from './head-limits.ts';
import { parseRequestHead } from './request-head-parser.ts';
import { parseResponseHead } from './response-head-parser.ts';

const CODE_NAMES = new Map(Object.entries(HeadError).map(([name, code]) => [code as number, name]));
const KIND_NAMES = new Map(Object.entries(BodyKind).map(([name, kind]) => [kind as number, name]));

/** Bytes that would end a head or a line if a parser looked at them. */
const GUARD = '\r\n\r\nGET';

/** Places text between guard bytes: a parser that reads outside its range finds a head end and gives itself away. */
export function guarded(text: string, lead: string = GUARD): { bytes: Buffer; start: number; end: number } {
  const bytes = Buffer.from(lead + text + GUARD, 'latin1');
  return { bytes, start: lead.length, end: lead.length + text.length };
}

export function errorName(code: number): string {
  return CODE_NAMES.get(code) ?? `unknown code ${code}`;
}

export function kindName(kind: number): string {
  return KIND_NAMES.get(kind) ?? `unknown kind ${kind}`;
}

export interface ParsedRequest {
  readonly result: number;
  readonly head: RequestHead;
}

export function parseRequest(text: string, limits: HeadLimits = DEFAULT_HEAD_LIMITS): ParsedRequest {
  const { bytes, start, end } = guarded(text);
  const head = new RequestHead(Buffer.alloc(0));
  return { result: parseRequestHead(head, bytes, start, end, limits), head };
}

export function parseResponse(
  text: string,
  limits: HeadLimits = DEFAULT_HEAD_LIMITS,
): { result: number; head: ResponseHead } {
  const { bytes, start, end } = guarded(text);
  const head = new ResponseHead(Buffer.alloc(0));
  return { result: parseResponseHead(head, bytes, start, end, limits), head };
}

/** `NEED_MORE`, the name of the error, or `OK`. */
export function requestOutcome(text: string, limits?: HeadLimits): string {
  return outcome(parseRequest(text, limits).result);
}

export function responseOutcome(text: string, limits?: HeadLimits): string {
  return outcome(parseResponse(text, limits).result);
}

function outcome(result: number): string {
  if (result > 0) return 'OK';
  return result === 0 ? 'NEED_MORE' : errorName(result);
}

export function fieldPairs(head: RequestHead | ResponseHead): [string, string][] {
  return Array.from({ length: head.count }, (_, index) => [head.nameAt(index), head.valueAt(index)]);
}

/** Milliseconds one fuzz test may run: `FUZZ_SECONDS`, or so little that the five of this folder take about three seconds. */
export function fuzzBudgetMs(): number {
  const seconds = Number(process.env.FUZZ_SECONDS ?? '');
  return (Number.isFinite(seconds) && seconds > 0 ? seconds : 0.6) * 1000;
}
