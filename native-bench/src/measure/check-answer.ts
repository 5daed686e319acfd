// Before anything is measured: does the proxy answer this request as the upstream would? A fast wrong answer is no result.

import { ask } from '../load/ask.ts';
import type { AskProtocol } from '../load/ask-protocol.ts';
import { bodyOf, type LoadRequest } from '../load/load-request.ts';

export interface Expectation {
  /** Default http. */
  readonly protocol?: AskProtocol;
  readonly request: LoadRequest;
  readonly bodyBytes: number;
  /** Fields that the answer must have, trailers included. */
  readonly fields?: readonly string[];
  /** Values of such fields, names in lower case. */
  readonly values?: Readonly<Record<string, string>>;
}

/** @throws Error saying what is wrong. */
export async function checkAnswer(port: number, expectation: Expectation): Promise<void> {
  const { protocol = 'http', request, bodyBytes, fields = [], values = {} } = expectation;
  const { method, path, host, headers, body } = request;
  const framing: Record<string, string> = body?.chunkBytes === undefined ? {} : { 'Transfer-Encoding': 'chunked' };
  // Chunks are Node's own affair here; the bytes are the same.
  const { chunkBytes: _, ...whole } = body ?? { bytes: 0 };
  const bytes = body === undefined ? undefined : Buffer.from(bodyOf(whole), 'latin1');
  const question = { port, protocol, method, path, headers: { ...headers, ...framing, Host: host } };
  const reply = await ask(bytes === undefined ? question : { ...question, body: bytes });
  if (reply.status !== 200) throw new Error(`answers with status ${reply.status}: ${reply.text.slice(0, 200)}`);
  if (reply.bodyBytes !== bodyBytes) throw new Error(`answers with ${reply.bodyBytes} bytes, not ${bodyBytes}`);
  const missing = fields.filter((field) => reply.headers[field.toLowerCase()] === undefined);
  if (missing.length > 0) throw new Error(`answers without ${missing.join(', ')}`);
  for (const [name, value] of Object.entries(values)) {
    const found = reply.headers[name];
    if (found !== value) throw new Error(`answers with ${name} ${found ?? 'missing'}, not ${value}`);
  }
}
