// Lets a WebSocket client of HTTP/1.1 speak over a stream of HTTP/2 (RFC 8441): its request with Upgrade becomes an extended
// CONNECT on the given session, and the answer to that its 101. What follows goes through as it is.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';

/** Of RFC 6455, section 1.3. */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const HEAD_END = '\r\n\r\n';
const SETTINGS_TIMEOUT_MS = 60_000;

/** @throws Error when the other end does not say that it knows extended CONNECT. */
export async function awaitConnectProtocol(session: ClientHttp2Session): Promise<void> {
  if (session.remoteSettings.enableConnectProtocol === undefined) {
    await once(session, 'remoteSettings', { signal: AbortSignal.timeout(SETTINGS_TIMEOUT_MS) });
  }
  if (!session.remoteSettings.enableConnectProtocol) throw new Error('extended CONNECT is not offered');
}

export class WebSocketOverHttp2 extends Duplex {
  /** Status of the answer; 0 before. */
  status = 0;
  private readonly session: ClientHttp2Session;
  private stream: ClientHttp2Stream | undefined;
  private head = '';

  constructor(session: ClientHttp2Session) {
    super();
    this.session = session;
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.stream !== undefined) {
      this.stream.write(chunk, done);
      return;
    }
    this.head += chunk.toString('latin1');
    if (this.head.endsWith(HEAD_END)) this.connect(this.head);
    done();
  }

  override _read(): void {
    this.stream?.resume();
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.stream === undefined) done();
    else this.stream.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Without END_STREAM, as a connection that is destroyed.
    if (this.stream !== undefined && !this.stream.readableEnded) this.stream.close(8);
    done(error);
  }

  private connect(head: string): void {
    const [first = '', ...lines] = head.slice(0, -HEAD_END.length).split('\r\n');
    const fields = new Map(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.replace(/^.*?: */, '')]),
    );
    const key = fields.get('sec-websocket-key') ?? '';
    const authority = fields.get('host') ?? '';
    for (const name of ['host', 'connection', 'upgrade', 'sec-websocket-key']) fields.delete(name);
    const stream = this.session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': this.session.encrypted ? 'https' : 'http',
      ':path': first.split(' ')[1]!,
      ':authority': authority,
      ...Object.fromEntries(fields),
    });
    this.stream = stream;
    stream.on('response', (headers) => {
      this.status = headers[':status']!;
      const accept = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64');
      this.push(this.status === 200 ? upgraded(headers, accept) : refused(headers));
    });
    stream.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stream.pause();
    });
    stream.on('end', () => this.push(null));
    stream.on('error', (error) => this.destroy(error));
    stream.on('close', () => this.destroy());
  }
}

type Headers = Readonly<Record<string, number | string | readonly string[] | undefined>>;

function upgraded(headers: Headers, accept: string): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${linesOf(headers)}\r\n`;
}

function refused(headers: Headers): string {
  return `HTTP/1.1 ${headers[':status']} Refused\r\nConnection: close\r\n${linesOf(headers)}\r\n`;
}

function linesOf(headers: Headers): string {
  return (
    Object.entries(headers)
      // An Accept belongs to HTTP/1.1 alone (RFC 8441, section 5); some pass on that of the server behind.
      .filter(([name]) => !name.startsWith(':') && name !== 'sec-websocket-accept')
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
  );
}
