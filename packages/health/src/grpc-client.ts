// A client for gRPC health checks of one server: one connection, made when it is needed and cut when the client is closed, whatever
// it is doing then. Asks; what answers mean is judged elsewhere. Importing this file loads the gRPC library.
// The library sets no limit of time for connections that are being made and cannot end them: so they are told to us as they come.

import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { ChannelCredentials, type ChannelOptions, Client, credentials } from '@grpc/grpc-js';
import type { SecureConnection } from './check-tls.ts';
import { MESSAGE_MAX_BYTES } from './grpc-answer.ts';
import type { GrpcTarget } from './grpc-target.ts';

/** What one call has come to. */
export interface GrpcOutcome {
  /** Of gRPC. */
  readonly code: number;
  /** Text of the server, or of the library. */
  readonly details: string;
  /** Undefined when `code` is not OK. */
  readonly message: Buffer | undefined;
}

export interface GrpcCall {
  /** Never rejects. */
  readonly outcome: Promise<GrpcOutcome>;
  cancel(): void;
}

const METHOD = '/grpc.health.v1.Health/Check';
/** An empty HealthCheckRequest: no name of a service, so the server as a whole is meant. */
const REQUEST = Buffer.alloc(0);
/** A client that has failed is closed soon, and no call of it waits for a second attempt. */
const RECONNECT_MS = 60_000;
const SESSION_MEMORY_MIB = 1;

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;

export class GrpcClient {
  private readonly sockets: TrackedSockets;
  private readonly client: Client;

  constructor(target: GrpcTarget, tls: SecureConnection) {
    this.sockets = new TrackedSockets(target, tls);
    this.client = new Client(`dns:${target.authority}`, this.sockets, channelOptions(target));
  }

  /** The kernel is still at it. */
  get isConnecting(): boolean {
    return this.sockets.isEmpty;
  }

  check(timeoutMs: number): GrpcCall {
    let cancel = (): void => {};
    const outcome = new Promise<GrpcOutcome>((resolve) => {
      const options = { deadline: Date.now() + timeoutMs };
      const call = this.client.makeUnaryRequest(METHOD, identity, identity, REQUEST, options, (error, message) => {
        resolve({ code: error?.code ?? 0, details: error?.details ?? '', message });
      });
      cancel = () => call.cancel();
    });
    return { outcome, cancel };
  }

  /** Again: nothing happens. */
  close(): void {
    this.client.close();
    this.sockets.end();
  }
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}

/** Nothing from outside: no proxy that an environment variable names, no settings from DNS, no connection of somebody else. */
function channelOptions({ authority }: GrpcTarget): ChannelOptions {
  return {
    'grpc.default_authority': authority,
    'grpc.primary_user_agent': 'sluice-health-check',
    'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
    'grpc-node.max_session_memory': SESSION_MEMORY_MIB,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    'grpc.initial_reconnect_backoff_ms': RECONNECT_MS,
    'grpc.max_reconnect_backoff_ms': RECONNECT_MS,
  };
}

/** Takes every connection once TCP has it, and secures it where the target wants that. */
class TrackedSockets extends ChannelCredentials {
  private readonly target: GrpcTarget;
  private readonly tls: SecureConnection;
  private readonly sockets = new Set<Socket>();
  private isEnded = false;

  constructor(target: GrpcTarget, tls: SecureConnection) {
    super();
    this.target = target;
    this.tls = tls;
  }

  get isEmpty(): boolean {
    return this.sockets.size === 0;
  }

  /** Also those that are still to come. */
  end(): void {
    this.isEnded = true;
    for (const socket of this.sockets) socket.destroy();
  }

  override _isSecure(): boolean {
    return this.target.secure;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(...args: Parameters<ChannelCredentials['_createSecureConnector']>): Connector {
    const plain = credentials.createInsecure()._createSecureConnector(...args);
    return {
      connect: async (socket) => {
        this.track(socket);
        return { socket: this.target.secure ? await this.secure(socket) : socket, secure: this.target.secure };
      },
      waitForReady: () => plain.waitForReady(),
      getCallCredentials: () => plain.getCallCredentials(),
      destroy: () => plain.destroy(),
    };
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    // Whoever waits for the connection hears of it as well.
    socket.on('error', () => {});
    if (this.isEnded) socket.destroy();
  }

  private secure(socket: Socket): Promise<TLSSocket> {
    const { host } = this.target;
    return new Promise((resolve, reject) => {
      const secured = connectTls({
        socket,
        host,
        ALPNProtocols: ['h2'],
        // An address must not be sent as server name (RFC 6066 §3); the certificate is compared with it all the same.
        servername: isIP(host) === 0 ? host : '',
        ...this.tls,
      });
      secured.on('error', reject);
      secured.once('close', () => reject(new Error('the connection was closed')));
      secured.once('secureConnect', () => {
        if (secured.alpnProtocol === 'h2') resolve(secured);
        else reject(new Error('the server does not speak HTTP/2'));
      });
    });
  }
}
