// A client of gRPC's interoperability tests: one channel, and promises of what calls come to. Made with the gRPC library that
// its makers keep for Node. Judges nothing.

import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import {
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import {
  type SimpleRequest,
  type SimpleResponse,
  type StreamingInput,
  type StreamingInputSum,
  type StreamingOutput,
  type StreamingOutputPiece,
  TEST_SERVICE,
  UNIMPLEMENTED_SERVICE,
} from './interop-types.ts';

/** Where the calls go. */
export interface GrpcReach {
  readonly port: number;
  /** What `:authority` and, with TLS, the certificate say. */
  readonly name: string;
  /** PEM file of who signed the server's certificate. Without: cleartext. */
  readonly authorityFile?: string;
  /** Between its pings. Default: none are sent. */
  readonly keepaliveMs?: number;
}

/** All that a call gave, successful or not. */
export interface Outcome<Answer> {
  readonly answer?: Answer;
  readonly code: number;
  readonly details: string;
  readonly initial?: Metadata;
  readonly trailing?: Metadata;
}

/** Far beyond what any call takes: a hanging one must end its test with a status. */
const DEADLINE_MS = 15_000;

export class InteropClient {
  private readonly client: Client;
  private readonly other: Client;

  constructor(context: TestContext, { port, name, authorityFile, keepaliveMs }: GrpcReach) {
    const trust =
      authorityFile === undefined ? credentials.createInsecure() : credentials.createSsl(readFileSync(authorityFile));
    const options = {
      'grpc.default_authority': name,
      'grpc.ssl_target_name_override': name,
      // Each client has connections of its own.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      ...(keepaliveMs === undefined ? {} : { 'grpc.keepalive_time_ms': keepaliveMs }),
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 200,
    };
    const make = (service: ServiceClientConstructor) => new service(`127.0.0.1:${port}`, trust, options);
    this.client = make(TEST_SERVICE);
    this.other = make(UNIMPLEMENTED_SERVICE);
    context.after(() => this.close());
  }

  close(): void {
    this.client.close();
    this.other.close();
  }

  emptyCall(options?: CallOptions): Promise<Outcome<unknown>> {
    return this.unary(this.client, 'EmptyCall', {}, new Metadata(), options);
  }

  unaryCall(request: SimpleRequest, metadata?: Metadata, options?: CallOptions): Promise<Outcome<SimpleResponse>> {
    return this.unary(this.client, 'UnaryCall', request, metadata, options);
  }

  cacheableCall(request: SimpleRequest, metadata?: Metadata): Promise<Outcome<SimpleResponse>> {
    return this.unary(this.client, 'CacheableUnaryCall', request, metadata);
  }

  unimplementedMethod(): Promise<Outcome<unknown>> {
    return this.unary(this.client, 'UnimplementedCall', {});
  }

  unimplementedService(): Promise<Outcome<unknown>> {
    return this.unary(this.other, 'UnimplementedCall', {});
  }

  /** Sends these; without `end` it leaves the call open. */
  streamingInput(requests: readonly StreamingInput[], end = true) {
    let settle: (outcome: Outcome<StreamingInputSum>) => void = () => {};
    const outcome = new Promise<Outcome<StreamingInputSum>>((resolve) => {
      settle = resolve;
    });
    const call = this.method('StreamingInputCall')(
      new Metadata(),
      deadlineOf(),
      (error: ServiceError | null, answer?: StreamingInputSum) => settle(outcomeOf(error, answer)),
    );
    for (const request of requests) call.write(request);
    if (end) call.end();
    return { call, outcome };
  }

  streamingOutput(request: StreamingOutput): ClientReadableStream<StreamingOutputPiece> {
    return this.method('StreamingOutputCall')(request, new Metadata(), deadlineOf());
  }

  fullDuplex(
    metadata = new Metadata(),
    options?: CallOptions,
  ): ClientDuplexStream<StreamingOutput, StreamingOutputPiece> {
    return this.method('FullDuplexCall')(metadata, options ?? deadlineOf());
  }

  // Clients of the library have their methods by name, made from the definitions at run time.
  // biome-ignore lint/suspicious/noExplicitAny: the library itself gives these methods this type
  private method(name: string, client = this.client): (...args: readonly unknown[]) => any {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    return (client as any)[name].bind(client);
  }

  private unary<Answer>(
    client: Client,
    name: string,
    request: object,
    metadata = new Metadata(),
    options: CallOptions = deadlineOf(),
  ): Promise<Outcome<Answer>> {
    return new Promise((resolve) => {
      let initial: Metadata | undefined;
      let settled: Outcome<Answer> | undefined;
      const call = this.method(name, client)(
        request,
        metadata,
        options,
        (error: ServiceError | null, answer?: Answer) => {
          settled = outcomeOf(error, answer);
        },
      );
      call.on('metadata', (given: Metadata) => {
        initial = given;
      });
      // Comes last, behind the callback or just before.
      call.on('status', (end: StatusObject) =>
        setImmediate(() => resolve({ ...settled!, initial, trailing: end.metadata })),
      );
    });
  }
}

/** Everything that a stream of answers gives, until its status. */
export function drained(
  call: ClientReadableStream<StreamingOutputPiece> | ClientDuplexStream<StreamingOutput, StreamingOutputPiece>,
  onPiece: (piece: StreamingOutputPiece, count: number) => void = () => {},
): Promise<Outcome<number[]>> {
  const sizes: number[] = [];
  let initial: Metadata | undefined;
  return new Promise((resolve) => {
    call.on('metadata', (given: Metadata) => {
      initial = given;
    });
    call.on('data', (piece: StreamingOutputPiece) => {
      sizes.push(piece.payload?.body?.length ?? 0);
      onPiece(piece, sizes.length);
    });
    // The status says the same.
    call.on('error', () => {});
    call.on('status', ({ code, details, metadata }: StatusObject) =>
      resolve({ answer: sizes, code, details, initial, trailing: metadata }),
    );
  });
}

function deadlineOf(): CallOptions {
  return { deadline: Date.now() + DEADLINE_MS };
}

function outcomeOf<Answer>(error: ServiceError | null, answer: Answer | undefined): Outcome<Answer> {
  return error === null ? { answer: answer!, code: 0, details: '' } : { code: error.code, details: error.details };
}
