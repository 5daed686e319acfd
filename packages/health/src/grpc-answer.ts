// What a server says in answer to grpc.health.v1.Health/Check, and what the gRPC library says when it says nothing. Pure.
// Every byte is hostile; nothing here depends on more than the few bytes such an answer has.

import type { GrpcOutcome } from './grpc-client.ts';
import type { CheckOutcome } from './http-check.ts';

export const MESSAGE_MAX_BYTES = 4 * 1024;

/** HealthCheckResponse.ServingStatus. */
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const SERVING = 1;
/** Codes of gRPC. */
const OK = 0;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const TOO_LARGE = /^Received message .*larger than/;
const DETAILS_MAX_CHARACTERS = 200;
/** What the library says about a connection that it did not get has the reason in its middle. */
const NO_CONNECTION =
  /^No connection established\. Last error: (?:Error: )?(.*?)(?: \(\d{4}-[^)]*\))?\.?(?: Resolution note: .*)?$/s;

/** Only SERVING is healthy. */
export function judgeGrpcOutcome({ code, details, message }: GrpcOutcome): CheckOutcome {
  const unhealthy = (reason: string): CheckOutcome => ({ healthy: false, reason });
  if (code === UNIMPLEMENTED) return unhealthy('the server does not implement grpc.health.v1.Health');
  if (code === RESOURCE_EXHAUSTED && TOO_LARGE.test(details)) {
    return unhealthy(`the answer has more than ${MESSAGE_MAX_BYTES} bytes`);
  }
  const [, connectionError] = NO_CONNECTION.exec(details) ?? [];
  if (connectionError !== undefined) return unhealthy(connectionError.slice(0, DETAILS_MAX_CHARACTERS));
  if (code !== OK) return unhealthy(`grpc-status ${code} ${details}`.trimEnd().slice(0, DETAILS_MAX_CHARACTERS));
  const serving = message === undefined ? undefined : new HealthCheckResponse(message).status();
  if (serving === undefined) return unhealthy('the answer is no HealthCheckResponse');
  return { healthy: serving === SERVING, reason: `status ${STATUS_NAMES[serving] ?? serving}` };
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
