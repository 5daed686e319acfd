// Heads of requests and responses: parsing as the worker does it, and finding where they end.

import {
  DEFAULT_HEAD_LIMITS,
  findHeadEnd,
  parseRequestHead,
  parseResponseHead,
  RequestHead,
  ResponseHead,
} from '@sluice/protocols';
import { BROWSER_HEADERS, get, requestText } from '../load/load-request.ts';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';

export const BARE_REQUEST = Buffer.from(requestText(get('/')), 'latin1');
export const BROWSER_REQUEST = Buffer.from(
  requestText(get('/catalogue/page?id=7', { headers: BROWSER_HEADERS })),
  'latin1',
);

export const BARE_RESPONSE = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n', 'latin1');
/** As web servers answer. */
export const USUAL_RESPONSE = Buffer.from(
  [
    'HTTP/1.1 200 OK',
    'Server: nginx/1.22.1',
    'Date: Tue, 04 Jun 2024 12:00:00 GMT',
    'Content-Type: text/html; charset=utf-8',
    'Content-Length: 10240',
    'Last-Modified: Mon, 03 Jun 2024 08:12:44 GMT',
    'Connection: keep-alive',
    'ETag: "665d7d5c-2800"',
    'Cache-Control: public, max-age=300',
    'Vary: Accept-Encoding',
    '\r\n',
  ].join('\r\n'),
  'latin1',
);

export const HEADS: MicroGroup = {
  title: 'heads',
  make: () => [
    requestBenchmark('request head, bare', BARE_REQUEST),
    requestBenchmark('request head, browser (15 fields)', BROWSER_REQUEST),
    responseBenchmark('response head, bare', BARE_RESPONSE),
    responseBenchmark('response head, 9 fields', USUAL_RESPONSE),
    {
      name: 'end of a head, browser',
      run: () => findHeadEnd(BROWSER_REQUEST, 0, BROWSER_REQUEST.length),
      bytes: BROWSER_REQUEST.length,
    },
  ],
};

function requestBenchmark(name: string, bytes: Buffer): MicroBenchmark {
  const head = new RequestHead(bytes);
  const run = () => parseRequestHead(head, bytes, 0, bytes.length, DEFAULT_HEAD_LIMITS);
  return { name, run, bytes: bytes.length };
}

function responseBenchmark(name: string, bytes: Buffer): MicroBenchmark {
  const head = new ResponseHead(bytes);
  const run = () => parseResponseHead(head, bytes, 0, bytes.length, DEFAULT_HEAD_LIMITS);
  return { name, run, bytes: bytes.length };
}
