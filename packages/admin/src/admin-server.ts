// The HTTP server for services of the program itself: a Unix socket that only processes of our user can open. Workers send it
// what was routed to such a service, over their ordinary connections to servers; the `Host` they send is the service's name.
// Everything a client sent may arrive here, and is bounded: heads in bytes and fields, requests under way in number.

import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { rmSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import type { InternalAnswer, InternalRequest, InternalService } from './internal-service.ts';

/** What an entry point takes by default, and what workers add. The server reads it from the environment when it is loaded. */
const HEAD_MAX_BYTES = 1_048_576 + 65_536;
const HEAD_VARIABLE = 'UWS_HTTP_MAX_HEADERS_SIZE';
/** Requests that wait for their answer. */
const PENDING_MAX = 256;
/** Nobody but our user; `umask` holds from the file's first moment. */
const SOCKET_UMASK = 0o177;
const NO_SERVICE: InternalAnswer = { status: 404, fields: [], body: STATUS_CODES[404]! };
const TOO_MANY: InternalAnswer = { status: 503, fields: [['Retry-After', '1']], body: STATUS_CODES[503]! };
const FAULT: InternalAnswer = { status: 500, fields: [], body: STATUS_CODES[500]! };

export interface AdminServerOptions {
  /** Absolute; what is there is removed: whoever starts a server here must know that no other one runs. */
  readonly path: string;
  /** By name without provider. */
  readonly services: ReadonlyMap<string, InternalService>;
  /** A service has failed; the client has got 500. */
  readonly onFault: (service: string, error: unknown) => void;
}

export class AdminServer {
  private readonly options: AdminServerOptions;
  private readonly app: TemplatedApp;
  private pending = 0;
  private closed = false;

  /** Listens when it resolves. @throws Error when it cannot. */
  static async start(options: AdminServerOptions): Promise<AdminServer> {
    process.env[HEAD_VARIABLE] = String(HEAD_MAX_BYTES);
    const { App } = await import('uWebSockets.js');
    delete process.env[HEAD_VARIABLE];
    return new AdminServer(options, App());
  }

  private constructor(options: AdminServerOptions, app: TemplatedApp) {
    this.options = options;
    this.app = app;
    app.any('/*', (response, request) => this.onRequest(response, request));
    rmSync(options.path, { force: true });
    let listens = false;
    const umask = process.umask(SOCKET_UMASK);
    try {
      // Called back before it returns.
      app.listen_unix((socket) => {
        listens = Boolean(socket);
      }, options.path);
    } finally {
      process.umask(umask);
    }
    if (!listens) throw new Error(`nothing can listen on ${options.path}`);
  }

  /** Connections are cut. Again: nothing happens. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.app.close();
    rmSync(this.options.path, { force: true });
  }

  private onRequest(response: HttpResponse, request: HttpRequest): void {
    const name = request.getHeader('host');
    const asked: InternalRequest = {
      method: request.getCaseSensitiveMethod(),
      path: request.getUrl(),
      query: request.getQuery() ?? '',
      acceptEncoding: request.getHeader('accept-encoding'),
    };
    const service = this.options.services.get(name);
    if (service === undefined) send(response, asked, NO_SERVICE);
    else if (this.pending >= PENDING_MAX) send(response, asked, TOO_MANY);
    else void this.answer(name, service, response, asked);
  }

  private async answer(name: string, service: InternalService, response: HttpResponse, asked: InternalRequest) {
    let isGone = false;
    response.onAborted(() => {
      isGone = true;
    });
    this.pending++;
    let answer = FAULT;
    try {
      answer = await service.answer(asked);
    } catch (error) {
      this.options.onFault(name, error);
    }
    this.pending--;
    if (!isGone && !this.closed) send(response, asked, answer);
  }
}

function send(response: HttpResponse, { method }: InternalRequest, { status, fields, body }: InternalAnswer): void {
  response.cork(() => {
    response.writeStatus(`${status} ${STATUS_CODES[status] ?? ''}`);
    for (const [name, value] of fields) response.writeHeader(name, value);
    // RFC 9110 §6.4.1: these have no body, and 204 not even a length.
    if (status === 204 || status === 304) response.endWithoutBody();
    else if (method === 'HEAD') response.endWithoutBody(Buffer.byteLength(body));
    else response.end(body);
  });
}
