// One request on a connection of its own, with the whole answer: to see whether a proxy is ready and answers rightly.
// Not for measurements.

import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { request as requestInTls } from 'node:https';
import { LOOPBACK } from '../lab/free-port.ts';
import { askHttp2 } from './ask-http2.ts';
import type { Question, Reply } from './ask-protocol.ts';
import { NODE_TLS } from './tls-choices.ts';

const TIMEOUT_MS = 10_000;

export function ask(question: Question): Promise<Reply> {
  const { protocol = 'http', timeoutMs = TIMEOUT_MS } = question;
  if (protocol === 'h2' || protocol === 'h2c') return askHttp2({ ...question, protocol, timeoutMs });
  return askHttp1(question, protocol === 'https', timeoutMs);
}

function askHttp1(question: Question, inTls: boolean, timeoutMs: number): Promise<Reply> {
  const { port, method = 'GET', path = '/', headers = {}, body } = question;
  return new Promise((resolve, reject) => {
    const options: RequestOptions = { host: LOOPBACK, port, method, path, headers, agent: false };
    const answered = (response: IncomingMessage) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(pieces);
        const text = whole.toString('latin1', 0, 1024);
        const fields = { ...response.headers, ...response.trailers };
        resolve({ status: response.statusCode!, headers: fields, bodyBytes: whole.length, text });
      });
    };
    const outgoing = inTls ? requestInTls({ ...options, ...NODE_TLS }, answered) : request(options, answered);
    outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
