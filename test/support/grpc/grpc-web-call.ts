// One call by gRPC-Web over HTTP/1.1, as browsers make it with `fetch`: frames in the body, the status in a last frame.
// Knows both forms, binary and base64 text.

import { request } from 'node:http';

export interface WebCall {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly message: Buffer;
  readonly isText?: boolean;
  readonly origin?: string;
}

export interface WebAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly messages: readonly Buffer[];
  /** Of the last frame, names in lower case. */
  readonly trailers: ReadonlyMap<string, string>;
}

const HEAD_BYTES = 5;
const TRAILERS = 0x80;

export async function callByWeb(call: WebCall): Promise<WebAnswer> {
  const type = `application/grpc-web${call.isText ? '-text' : ''}`;
  const frame = frameOf(call.message);
  const body = call.isText ? Buffer.from(frame.toString('base64')) : frame;
  const headers = {
    Host: call.host,
    'Content-Type': `${type}+proto`,
    'Content-Length': body.length,
    'X-Grpc-Web': '1',
    'X-User-Agent': 'grpc-web-test',
    ...(call.origin === undefined ? {} : { Origin: call.origin }),
  };
  const { status, headers: answered, bytes } = await post(call, headers, body);
  const binary = call.isText ? decodeText(bytes.toString('latin1')) : bytes;
  return { status, headers: answered, ...framesOf(binary) };
}

function post({ port, path }: WebCall, headers: Record<string, string | number>, body: Buffer) {
  return new Promise<{ status: number; headers: WebAnswer['headers']; bytes: Buffer }>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, bytes: Buffer.concat(pieces) }),
      );
    });
    outgoing.setTimeout(60_000, () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function frameOf(message: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Pieces of base64, each with its own padding, one behind the other. */
function decodeText(text: string): Buffer {
  return Buffer.concat((text.match(/[^=]+=*/g) ?? []).map((piece) => Buffer.from(piece, 'base64')));
}

function framesOf(bytes: Buffer): Pick<WebAnswer, 'messages' | 'trailers'> {
  const messages: Buffer[] = [];
  const trailers = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const end = at + HEAD_BYTES + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) throw new Error(`a frame of ${end - at} bytes is cut off at ${bytes.length - at}`);
    const content = bytes.subarray(at + HEAD_BYTES, end);
    if (trailers.size > 0) throw new Error('a frame behind the trailers');
    if (bytes[at] === TRAILERS)
      for (const [name, value] of fieldsOf(content.toString('latin1'))) trailers.set(name, value);
    else messages.push(content);
    at = end;
  }
  return { messages, trailers };
}

function fieldsOf(text: string): [string, string][] {
  return text
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
}
