// The server of gRPC's interoperability tests, made with the gRPC library that its makers keep for Node. Cleartext (h2c) or
// TLS, one loopback port. Also says by the health protocol whether it serves, and counts what it has seen.

import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerErrorResponse,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import type { CertificateFiles } from '../test-authority.ts';
import {
  type EchoStatus,
  HEALTH_SERVICE,
  type ResponseParameters,
  type SimpleRequest,
  type SimpleResponse,
  type StreamingInput,
  type StreamingInputSum,
  type StreamingOutput,
  type StreamingOutputPiece,
  TEST_SERVICE,
} from './interop-types.ts';

export const ECHO_INITIAL = 'x-grpc-test-echo-initial';
export const ECHO_TRAILING = 'x-grpc-test-echo-trailing-bin';

type Pieces = Pick<ServerWritableStream<StreamingOutput, StreamingOutputPiece>, 'write' | 'cancelled'>;

export interface InteropServerOptions {
  /** With it the server speaks TLS. */
  readonly certificate?: CertificateFiles;
  /** Connections older than this are ended in order. */
  readonly maxConnectionAgeMs?: number;
  /** Between its pings. */
  readonly keepaliveMs?: number;
}

export class InteropServer {
  port = 0;
  /** Calls that began, and those that the client took back. */
  calls = 0;
  cancelled = 0;
  serving = true;
  readonly name: string;
  private server: Server | undefined;
  private readonly options: InteropServerOptions;

  static async start(context: TestContext, name: string, options: InteropServerOptions = {}): Promise<InteropServer> {
    const server = new InteropServer(name, options);
    context.after(() => server.stop());
    await server.start();
    return server;
  }

  private constructor(name: string, options: InteropServerOptions) {
    this.name = name;
    this.options = options;
  }

  /** As services of Sluice name it. */
  get url(): string {
    return `${this.options.certificate === undefined ? 'h2c' : 'https'}://127.0.0.1:${this.port}`;
  }

  /** On the same port as before. */
  async start(): Promise<void> {
    const { certificate: files, maxConnectionAgeMs, keepaliveMs } = this.options;
    const server = new Server({
      ...(maxConnectionAgeMs === undefined ? {} : { 'grpc.max_connection_age_ms': maxConnectionAgeMs }),
      ...(keepaliveMs === undefined ? {} : { 'grpc.keepalive_time_ms': keepaliveMs }),
    });
    server.addService(TEST_SERVICE.service, {
      EmptyCall: this.empty,
      UnaryCall: this.unary,
      CacheableUnaryCall: this.unary,
      StreamingOutputCall: this.streamingOutput,
      StreamingInputCall: this.streamingInput,
      FullDuplexCall: this.fullDuplex,
    });
    server.addService(HEALTH_SERVICE.service, { Check: this.check });
    this.server = server;
    const credentials =
      files === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [
            { cert_chain: readFileSync(files.certFile), private_key: readFileSync(files.keyFile) },
          ]);
    this.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.port}`, credentials, (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
  }

  /** Breaks what is under way. */
  stop(): void {
    this.server?.forceShutdown();
    this.server = undefined;
  }

  private readonly check: handleUnaryCall<unknown, unknown> = (_call, done) =>
    done(null, { status: this.serving ? 'SERVING' : 'NOT_SERVING' });

  private readonly empty: handleUnaryCall<unknown, unknown> = (_call, done) => {
    this.calls++;
    done(null, {});
  };

  private readonly unary: handleUnaryCall<SimpleRequest, SimpleResponse> = (call, done) => {
    this.calls++;
    const { responseStatus, responseSize = 0, fillServerId } = call.request;
    echoInitial(call.metadata, (metadata) => call.sendMetadata(metadata));
    const trailer = trailingOf(call.metadata);
    if (isFailure(responseStatus)) done(failureOf(responseStatus), null, trailer);
    else done(null, { payload: payloadOf(responseSize), serverId: fillServerId ? this.name : '' }, trailer);
  };

  private readonly streamingInput: handleClientStreamingCall<StreamingInput, StreamingInputSum> = (call, done) => {
    this.calls++;
    let sum = 0;
    call.on('data', ({ payload }: StreamingInput) => {
      sum += payload?.body?.length ?? 0;
    });
    call.on('cancelled', () => this.cancelled++);
    call.on('end', () => done(null, { aggregatedPayloadSize: sum }));
  };

  private readonly streamingOutput: handleServerStreamingCall<StreamingOutput, StreamingOutputPiece> = (call) => {
    this.calls++;
    call.on('cancelled', () => this.cancelled++);
    void sendPieces(call, call.request.responseParameters).then(() => call.end());
  };

  private readonly fullDuplex: handleBidiStreamingCall<StreamingOutput, StreamingOutputPiece> = (call) => {
    this.calls++;
    echoInitial(call.metadata, (metadata) => call.sendMetadata(metadata));
    const trailer = trailingOf(call.metadata);
    let sent = Promise.resolve();
    call.on('data', (asked: StreamingOutput) => {
      sent = sent.then(() => sendPieces(call, asked.responseParameters));
      const { responseStatus } = asked;
      if (isFailure(responseStatus)) {
        sent = sent.then(() => void call.emit('error', { ...failureOf(responseStatus), metadata: trailer }));
      }
    });
    call.on('cancelled', () => this.cancelled++);
    call.on('error', () => {});
    call.on('end', () => void sent.then(() => call.end(trailer)));
  };
}

function echoInitial(asked: Metadata, send: (metadata: Metadata) => void): void {
  const [value] = asked.get(ECHO_INITIAL);
  if (value === undefined) return;
  const metadata = new Metadata();
  metadata.set(ECHO_INITIAL, value);
  send(metadata);
}

function trailingOf(asked: Metadata): Metadata {
  const metadata = new Metadata();
  const [value] = asked.get(ECHO_TRAILING);
  if (value !== undefined) metadata.set(ECHO_TRAILING, value);
  return metadata;
}

function isFailure(asked: EchoStatus | null | undefined): asked is EchoStatus {
  return asked !== null && asked !== undefined && asked.code !== status.OK;
}

function failureOf({ code, message }: EchoStatus): ServerErrorResponse {
  return Object.assign(new Error(message), { code, details: message });
}

function payloadOf(size: number) {
  return { type: 'COMPRESSABLE', body: Buffer.alloc(size) };
}

async function sendPieces(call: Pieces, asked: readonly ResponseParameters[] = []): Promise<void> {
  for (const { size, intervalUs = 0 } of asked) {
    if (intervalUs > 0) await sleep(intervalUs / 1000);
    if (call.cancelled) return;
    call.write({ payload: payloadOf(size) });
  }
}
