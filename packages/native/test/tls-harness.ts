// A transport that speaks TLS in a test: starts it on accepted connections within the batch of their first bytes, tells decrypted
// bytes from the first ones, and brings peers of Node's own TLS. Everything it opened is closed by `close()`.

import { once } from 'node:events';
import type net from 'node:net';
import tls from 'node:tls';
import { type Issued, issue } from '../../../test/support/issued-certificates.ts';
import {
  createTlsClientContext,
  createTlsServerContext,
  Event,
  type StreamTransport,
  type StreamTransportOptions,
  type TlsContext,
  type TlsServerOptions,
  tlsReason,
} from '../src/index.ts';
import { type SeenEvent, TransportHarness } from './transport-harness.ts';

export const NAME = 'server.test';

let made: { authority: Issued; server: Issued; rsa: Issued } | undefined;

/** An authority and two certificates of it for NAME, the same for all tests of a file. */
export function credentials(): { authority: Issued; server: Issued; rsa: Issued } {
  if (made === undefined) {
    const authority = issue({ authority: true, commonName: 'authority' });
    const wish = { names: [NAME, '*.wild.test', '127.0.0.1'], usage: 'server', issuer: authority } as const;
    made = { authority, server: issue(wish), rsa: issue({ ...wish, type: 'rsa' }) };
  }
  return made;
}

export function serverContext(options: TlsServerOptions = {}): TlsContext {
  return createTlsServerContext({ certificates: [credentials().server], ...options });
}

export class TlsHarness extends TransportHarness {
  /** Given to `startTls` for accepted connections; may look at what came first. Undefined: they stay plain. */
  choose: ((first: Buffer, id: number) => TlsContext) | undefined;
  /** After TLS was started where it is due. */
  onEvent: ((event: SeenEvent, transport: StreamTransport) => void) | undefined;
  /** Reasons given in CLOSED and CONNECT_FAILED. */
  readonly reasons = new Map<number, string>();
  readonly #plain = new Set<number>();
  readonly #ready = new Map<number, Buffer[]>();
  readonly #sockets: tls.TLSSocket[] = [];

  constructor(options: StreamTransportOptions = {}, context?: TlsContext) {
    super(options);
    if (context !== undefined) this.choose = () => context;
    this.reaction = (event, transport) => this.#react(event, transport);
  }

  #react(event: SeenEvent, transport: StreamTransport): void {
    const { kind, connection } = event;
    if (kind === Event.ACCEPTED && this.choose !== undefined) this.#plain.add(connection);
    if (kind === Event.TLS_READY) this.#ready.set(connection, []);
    if (kind === Event.DATA && this.#plain.delete(connection)) {
      transport.startTls(connection, this.choose!(event.bytes, connection), event.a, event.b);
      return;
    }
    if (kind === Event.DATA) this.#ready.get(connection)?.push(event.bytes);
    if (kind === Event.CLOSED || kind === Event.CONNECT_FAILED) {
      const index = this.seen.filter((other) => other.batch === event.batch).indexOf(event);
      this.reasons.set(connection, tlsReason(transport, index));
    }
    this.onEvent?.(event, transport);
  }

  /** Decrypted bytes so far. */
  decrypted(connection: number): Buffer {
    return Buffer.concat(this.#ready.get(connection) ?? []);
  }

  /** A TLS client of Node over a connection to us; its handshake is under way. */
  async tlsClient(port: number, options: tls.ConnectionOptions = {}): Promise<{ socket: tls.TLSSocket; id: number }> {
    const { socket, id } = await this.accepted(port);
    return { socket: this.secure(socket, options), id };
  }

  /** Node's TLS, as the client, over a socket. */
  secure(socket: net.Socket, options: tls.ConnectionOptions): tls.TLSSocket {
    const client = tls.connect({ socket, servername: NAME, ca: credentials().authority.chain, ...options });
    this.#sockets.push(client);
    client.on('error', () => {});
    return client;
  }

  /** As `tlsClient`, with the handshake done on both sides. */
  async tlsAccepted(port: number, options: tls.ConnectionOptions = {}): Promise<TlsAccepted> {
    const { socket, id } = await this.tlsClient(port, options);
    await Promise.all([once(socket, 'secureConnect'), this.until('TLS_READY', () => this.#ready.has(id))]);
    const ready = await this.next(Event.TLS_READY, id);
    await new Promise(setImmediate);
    return { socket, id, ready };
  }

  /** Our connection to a fresh TLS server of Node, and the server's socket, with the handshake done on both sides. */
  async tlsConnected(options: tls.TlsOptions = {}): Promise<{ socket: tls.TLSSocket; id: number }> {
    const sockets: tls.TLSSocket[] = [];
    const port = await this.tlsServer(options, (socket) => sockets.push(socket));
    const id = this.transport.connect('127.0.0.1', port);
    const client = createTlsClientContext({ authorities: [credentials().authority.chain] });
    this.transport.startTlsClient(id, client, NAME);
    await this.next(Event.TLS_READY, id);
    return { socket: await this.until('the server side', () => sockets[0]), id };
  }

  /** A TLS server of Node for `startTlsClient`; each of its sockets is given to `onSocket`. */
  async tlsServer(options: tls.TlsOptions, onSocket: (socket: tls.TLSSocket) => void): Promise<number> {
    const { server } = credentials();
    const context = { cert: server.chain, key: server.key, ...options };
    const secureContext = tls.createSecureContext(context);
    return this.server((socket: net.Socket) => {
      const secure = new tls.TLSSocket(socket, {
        isServer: true,
        ...context,
        secureContext,
      });
      this.#sockets.push(secure);
      secure.on('error', () => {});
      secure.on('secure', () => onSocket(secure));
      socket.resume();
    });
  }

  override close(): void {
    super.close();
    destroyLater(this.#sockets);
  }
}

/** Not from within an event of a socket's handshake: Node would free what its OpenSSL is just using. */
export function destroyLater(sockets: readonly tls.TLSSocket[]): void {
  setImmediate(() => {
    for (const socket of sockets) socket.destroy();
  });
}

export interface TlsAccepted {
  readonly socket: tls.TLSSocket;
  readonly id: number;
  readonly ready: SeenEvent;
}
