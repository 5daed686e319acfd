// A server of Node that tells what it was asked and sends bodies back, over HTTP/1.1 or HTTP/2, in cleartext or with TLS, on a
// loopback port. For tests that look at what arrives behind Sluice.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2SecureServer,
  type Http2Server,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { CertificateFiles } from './test-authority.ts';

export interface EchoOriginOptions {
  readonly name?: string;
  /** `tls` speaks HTTP/2 and HTTP/1.1 by ALPN. Default `http1`. */
  readonly kind?: 'http1' | 'h2c' | 'tls';
  readonly certificate?: CertificateFiles;
  /** PEM file: clients have to show a certificate that it has signed. */
  readonly clientAuthorityFile?: string;
}

/** What the server says of a request to a path that means nothing else. */
export interface Told {
  readonly name: string;
  readonly version: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly trailers: Readonly<Record<string, string>>;
  readonly bytes: number;
  /** Subject of the certificate that its client showed. */
  readonly client?: string;
}

/** In megabytes. Node resets new streams when answers that wait for windows are larger; its default is ten. */
const LIMITS = { maxSessionMemory: 1_000 };
const LINE = 'a line of an answer, told by the number of bytes asked for\n';

export class EchoOrigin {
  /** Connections made to it so far, and those that are open. */
  connections = 0;
  readonly open = new Set<Socket>();
  private readonly options: EchoOriginOptions;
  private readonly server: Server | Http2Server | Http2SecureServer;

  static async start(context: TestContext, options: EchoOriginOptions = {}): Promise<EchoOrigin> {
    const origin = new EchoOrigin(options);
    origin.server.listen(0, '127.0.0.1');
    context.after(() => {
      origin.server.close();
      for (const socket of origin.open) socket.destroy();
    });
    await once(origin.server, 'listening');
    return origin;
  }

  private constructor(options: EchoOriginOptions) {
    this.options = options;
    // Both kinds of requests and answers have what is used here.
    const answer = (request: unknown, response: unknown) =>
      void this.answer(request as IncomingMessage, response as ServerResponse);
    const { kind = 'http1', certificate, clientAuthorityFile } = options;
    if (kind === 'h2c') this.server = createHttp2Server(LIMITS, answer);
    else if (kind === 'http1') this.server = createServer(answer);
    else {
      const ca = clientAuthorityFile === undefined ? {} : { ca: readFileSync(clientAuthorityFile), requestCert: true };
      const pair = { cert: readFileSync(certificate!.certFile), key: readFileSync(certificate!.keyFile) };
      this.server = createSecureServer({ allowHTTP1: true, ...LIMITS, ...pair, ...ca }, answer);
    }
    this.server.on('connection', (socket: Socket) => {
      this.connections++;
      this.open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.open.delete(socket));
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** As services of Sluice name it. */
  get url(): string {
    const { kind = 'http1' } = this.options;
    return `${kind === 'tls' ? 'https' : kind === 'h2c' ? 'h2c' : 'http'}://127.0.0.1:${this.port}`;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', value = ''] = (request.url ?? '').split('?');
    request.on('error', () => {});
    response.on('error', () => {});
    if (path === '/echo') {
      request.pipe(response);
      return;
    }
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await once(request, 'end').catch(() => {});
    if (path === '/bytes') response.end(LINE.repeat(Math.ceil(Number(value) / LINE.length)).slice(0, Number(value)));
    else if (path === '/status') response.writeHead(Number(value)).end();
    else if (path === '/trailers') this.withTrailers(response);
    else if (path === '/slow') setTimeout(() => response.end('at last\n'), Number(value)).unref();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.told(request, bytes)));
  }

  private withTrailers(response: ServerResponse): void {
    response.setHeader('trailer', 'x-sum');
    response.write('first\n');
    response.addTrailers({ 'x-sum': '42' });
    response.end('last\n');
  }

  private told(request: IncomingMessage, bytes: number): Told {
    const socket = request.socket as TLSSocket;
    const client = socket.encrypted ? socket.getPeerCertificate().subject?.CN : undefined;
    return {
      name: this.options.name ?? 'origin',
      version: request.httpVersion,
      method: request.method!,
      path: request.url!,
      headers: request.headers as Record<string, string>,
      trailers: request.trailers as Record<string, string>,
      bytes,
      ...(client === undefined ? {} : { client: String(client) }),
    };
  }
}
