// Carries out one gRPC health check (grpc.health.v1.Health/Check for the server as a whole) over a connection of its own, which
// is gone when the check ends, however it ends: a client library for gRPC keeps connections to servers that stay silent.
// Knows nothing of schedules or thresholds. Bounded: total time, size of the answer and of its head; no second try.

import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { SecureConnection } from './check-tls.ts';
import { type GrpcAnswer, judgeGrpcAnswer } from './grpc-answer.ts';
import type { GrpcTarget } from './grpc-target.ts';
import type { CheckLimits, CheckOutcome } from './http-check.ts';

const ANSWER_MAX_BYTES = 4 * 1024;
const HEAD_MAX_BYTES = 16 * 1024;
const HEAD_MAX_FIELDS = 100;
/** An empty HealthCheckRequest, in its frame: no name of a service, so the server as a whole is meant. */
const REQUEST_BODY = Buffer.alloc(5);

/** @param cancel ends the check early; its outcome is then worthless. Never rejects. */
export async function runGrpcCheck(
  target: GrpcTarget,
  limits: Pick<CheckLimits, 'timeoutMs'>,
  cancel: AbortSignal,
  tls: SecureConnection = {},
): Promise<CheckOutcome> {
  if (cancel.aborted) return { healthy: false, reason: 'stopped' };
  const call = new GrpcCall(target, tls, limits.timeoutMs);
  const onCancel = (): void => call.fail('stopped');
  cancel.addEventListener('abort', onCancel);
  const timer = setTimeout(() => call.fail(`no answer within ${limits.timeoutMs} ms`), limits.timeoutMs);
  try {
    return await call.outcome;
  } finally {
    clearTimeout(timer);
    cancel.removeEventListener('abort', onCancel);
    call.close();
  }
}

class GrpcCall {
  readonly outcome: Promise<CheckOutcome>;
  private settle: (outcome: CheckOutcome) => void = () => {};
  private socket: Socket | undefined;
  private session: ClientHttp2Session | undefined;

  constructor(target: GrpcTarget, tls: SecureConnection, timeoutMs: number) {
    this.outcome = new Promise((resolve) => {
      this.settle = resolve;
    });
    try {
      this.start(target, tls, timeoutMs);
    } catch (error) {
      // A certificate or key that TLS refuses.
      this.fail(describe(error));
    }
  }

  fail(reason: string): void {
    this.settle({ healthy: false, reason });
  }

  close(): void {
    this.session?.destroy();
    this.socket?.destroy();
  }

  private start(target: GrpcTarget, tls: SecureConnection, timeoutMs: number): void {
    const socket = target.secure ? this.openTls(target, tls) : connectTcp(target.port, target.host);
    this.socket = socket;
    const onError = (error: unknown): void => this.fail(describe(error));
    socket.on('error', onError);
    const scheme = target.secure ? 'https' : 'http';
    const session = connectHttp2(`${scheme}://${target.authority}`, {
      createConnection: () => socket,
      settings: { enablePush: false, maxHeaderListSize: HEAD_MAX_BYTES },
      maxHeaderListPairs: HEAD_MAX_FIELDS,
    });
    this.session = session;
    session.on('error', onError);
    session.on('close', () => this.fail('the connection was closed'));
    this.ask(session, timeoutMs);
  }

  private openTls({ host, port }: GrpcTarget, tls: SecureConnection): TLSSocket {
    const socket = connectTls({
      host,
      port,
      ALPNProtocols: ['h2'],
      // An address must not be sent as server name (RFC 6066 §3); the certificate is compared with it all the same.
      servername: isIP(host) === 0 ? host : '',
      ...tls,
    });
    socket.once('secureConnect', () => {
      if (socket.alpnProtocol !== 'h2') this.fail('the server does not speak HTTP/2');
    });
    return socket;
  }

  private ask(session: ClientHttp2Session, timeoutMs: number): void {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      te: 'trailers',
      'content-type': 'application/grpc',
      'user-agent': 'sluice-health-check',
      // Eight digits at most.
      'grpc-timeout': `${Math.min(timeoutMs, 99_999_999)}m`,
    });
    stream.on('error', (error) => this.fail(describe(error)));
    this.collect(stream);
    stream.end(REQUEST_BODY);
  }

  private collect(stream: ClientHttp2Stream): void {
    const answer: { -readonly [Key in keyof GrpcAnswer]: GrpcAnswer[Key] } = {
      status: 0,
      grpcStatus: '',
      grpcMessage: '',
      body: Buffer.alloc(0),
    };
    const takeStatus = (fields: Readonly<Record<string, unknown>>): void => {
      answer.grpcStatus ||= String(fields['grpc-status'] ?? '');
      answer.grpcMessage ||= String(fields['grpc-message'] ?? '');
    };
    stream.on('response', (fields) => {
      answer.status = Number(fields[':status']);
      takeStatus(fields);
    });
    stream.on('trailers', takeStatus);
    stream.on('data', (chunk: Buffer) => {
      answer.body = Buffer.concat([answer.body, chunk]);
      if (answer.body.length > ANSWER_MAX_BYTES) this.fail(`the answer has more than ${ANSWER_MAX_BYTES} bytes`);
    });
    stream.on('end', () => this.settle(judgeGrpcAnswer(answer)));
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A name with several addresses fails with one error per address.
  const inner = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  return inner.message === '' ? inner.name : inner.message;
}
