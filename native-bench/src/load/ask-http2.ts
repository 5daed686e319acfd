// One request over an HTTP/2 connection of its own, in TLS or without. Used by ask.ts alone.

import { connect } from 'node:http2';
import { LOOPBACK } from '../lab/free-port.ts';
import type { Question, Reply } from './ask-protocol.ts';
import { NODE_TLS } from './tls-choices.ts';

export interface Http2Question extends Question {
  readonly protocol: 'h2' | 'h2c';
  readonly timeoutMs: number;
}

export async function askHttp2(question: Http2Question): Promise<Reply> {
  const { port, protocol, timeoutMs } = question;
  const inTls = protocol === 'h2';
  const session = connect(
    `${inTls ? 'https' : 'http'}://${LOOPBACK}:${port}`,
    inTls ? { ...NODE_TLS, ALPNProtocols: ['h2'] } : {},
  );
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject);
      // A session that ends in order, but without an answer.
      session.on('close', () => reject(new Error('the connection was closed')));
      session.setTimeout(timeoutMs, () => reject(new Error(`no answer within ${timeoutMs} ms`)));
      const { method = 'GET', path = '/', headers = {}, body } = question;
      const stream = session.request({ ':method': method, ':path': path, ...http2Fields(headers) });
      const pieces: Buffer[] = [];
      const fields: NodeJS.Dict<string | string[]> = {};
      stream.on('response', (answer) => Object.assign(fields, answer));
      stream.on('trailers', (trailers) => Object.assign(fields, trailers));
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('error', reject);
      stream.on('end', () => {
        const whole = Buffer.concat(pieces);
        const text = whole.toString('latin1', 0, 1024);
        resolve({ status: Number(fields[':status']), headers: fields, bodyBytes: whole.length, text });
      });
      stream.end(body);
    });
  } finally {
    session.destroy();
  }
}

/** What HTTP/1.1 calls Host is a field of its own kind here; fields about the connection have no place. */
function http2Fields(headers: Readonly<Record<string, string>>): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (lower === 'host') fields[':authority'] = value;
    else if (lower !== 'connection' && lower !== 'transfer-encoding') fields[lower] = value;
  }
  return fields;
}
