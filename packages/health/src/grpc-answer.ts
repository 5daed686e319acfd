// What a server says in answer to grpc.health.v1.Health/Check, read from the parts of an HTTP/2 response. Pure.
// Every byte is hostile; nothing here depends on more than the few bytes such an answer has.

import type { CheckOutcome } from './http-check.ts';

export interface GrpcAnswer {
  /** Of HTTP. */
  readonly status: number;
  /** Text of `grpc-status` and `grpc-message`, from the trailers or from the head; empty: none. */
  readonly grpcStatus: string;
  readonly grpcMessage: string;
  readonly body: Buffer;
}

/** HealthCheckResponse.ServingStatus. */
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const SERVING = 1;
const UNIMPLEMENTED = '12';
/** One byte of flags, four of length. */
const FRAME_HEAD_BYTES = 5;
const MESSAGE_MAX_CHARACTERS = 200;
const BROKEN = 'the answer is no HealthCheckResponse';

/** Only SERVING is healthy. */
export function judgeGrpcAnswer({ status, grpcStatus, grpcMessage, body }: GrpcAnswer): CheckOutcome {
  const unhealthy = (reason: string): CheckOutcome => ({ healthy: false, reason });
  if (status !== 200) return unhealthy(`status ${status}, which no gRPC server gives`);
  if (grpcStatus === '') return unhealthy('the answer has no grpc-status');
  if (grpcStatus === UNIMPLEMENTED) return unhealthy('the server does not implement grpc.health.v1.Health');
  if (grpcStatus !== '0')
    return unhealthy(`grpc-status ${grpcStatus} ${decoded(grpcMessage)}`.trimEnd().slice(0, MESSAGE_MAX_CHARACTERS));
  const serving = servingStatus(body);
  if (serving === undefined) return unhealthy(BROKEN);
  return { healthy: serving === SERVING, reason: `status ${STATUS_NAMES[serving] ?? serving}` };
}

/** The message is percent-encoded; one that is not properly so is shown as it came. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

/** Of the one message that a body holds, uncompressed: nothing else was asked for. Undefined: it is something else. */
function servingStatus(body: Buffer): number | undefined {
  if (body.length < FRAME_HEAD_BYTES || body[0] !== 0) return undefined;
  if (body.readUInt32BE(1) !== body.length - FRAME_HEAD_BYTES) return undefined;
  return new HealthCheckResponse(body.subarray(FRAME_HEAD_BYTES)).status();
}

/** Reads field 1, an enumeration, and passes over fields of later versions. */
class HealthCheckResponse {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** 0 when the field is absent; undefined when the bytes are no message. */
  status(): number | undefined {
    let status = 0;
    while (this.at < this.bytes.length) {
      const key = this.varint();
      const value = this.value(key % 8);
      if (value === -1) return undefined;
      if (key === 8) status = value;
    }
    return this.at === this.bytes.length ? status : undefined;
  }

  /** -1: it cannot be read. */
  private value(wireType: number): number {
    if (wireType === 0) return this.varint();
    const length = wireType === 1 ? 8 : wireType === 2 ? this.varint() : wireType === 5 ? 4 : -1;
    this.at += Math.max(length, 0);
    return length;
  }

  /** -1: it does not end. */
  private varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70 && this.at < this.bytes.length; shift += 7) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }
}
