// Which gRPC status a failure of ours, or an HTTP status without one, becomes. Data and lookups; whoever answers writes the fields.
// Allocates nothing after loading.

import { CATALOGUE, type ErrorCode } from '@sluice/errors';

/** Status codes of gRPC that a proxy gives itself. */
export const GrpcStatus = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  DEADLINE_EXCEEDED: 4,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** As clients do it when an answer has no grpc-status (gRPC's http-grpc-status-mapping): so they see the same with us in between. */
const OF_HTTP: ReadonlyMap<number, number> = new Map<number, number>([
  [400, GrpcStatus.INTERNAL],
  [401, GrpcStatus.UNAUTHENTICATED],
  [403, GrpcStatus.PERMISSION_DENIED],
  [404, GrpcStatus.UNIMPLEMENTED],
  [429, GrpcStatus.UNAVAILABLE],
  [502, GrpcStatus.UNAVAILABLE],
  [503, GrpcStatus.UNAVAILABLE],
  [504, GrpcStatus.UNAVAILABLE],
]);

/**
 * Where more is known than the status of HTTP tells. UNAVAILABLE invites clients to try again, so it is for what the server has
 * not seen, or can be trusted not to have done; a server that was asked and is late is DEADLINE_EXCEEDED.
 */
const OF_ERROR: Readonly<Partial<Record<ErrorCode, number>>> = {
  DOWNSTREAM_CLOSED: GrpcStatus.CANCELLED,
  DOWNSTREAM_HEAD_TIMEOUT: GrpcStatus.DEADLINE_EXCEEDED,
  DOWNSTREAM_BODY_TIMEOUT: GrpcStatus.DEADLINE_EXCEEDED,
  DOWNSTREAM_BODY_TOO_SLOW: GrpcStatus.DEADLINE_EXCEEDED,
  DOWNSTREAM_BODY_CUT: GrpcStatus.CANCELLED,
  DOWNSTREAM_HEAD_TOO_LARGE: GrpcStatus.RESOURCE_EXHAUSTED,
  DOWNSTREAM_TARGET_TOO_LONG: GrpcStatus.RESOURCE_EXHAUSTED,
  DOWNSTREAM_EXPECTATION_UNKNOWN: GrpcStatus.INTERNAL,
  DOWNSTREAM_TRANSFER_CODING_UNSUPPORTED: GrpcStatus.INTERNAL,
  VERSION_UNSUPPORTED: GrpcStatus.INTERNAL,
  CONNECT_UNSUPPORTED: GrpcStatus.UNIMPLEMENTED,
  // Another connection may be the right one.
  MISDIRECTED_REQUEST: GrpcStatus.UNAVAILABLE,
  UPSTREAM_RESPONSE_HEAD_TIMEOUT: GrpcStatus.DEADLINE_EXCEEDED,
  UPSTREAM_MALFORMED_BODY: GrpcStatus.INTERNAL,
  UPSTREAM_BODY_CUT: GrpcStatus.UNAVAILABLE,
  DRAIN_DEADLINE_PASSED: GrpcStatus.UNAVAILABLE,
};

const BY_ERROR_ID = errorTable();

/** @param status of an answer that says nothing of gRPC */
export function grpcStatusOfHttp(status: number): number {
  return OF_HTTP.get(status) ?? GrpcStatus.UNKNOWN;
}

/** @param id of the catalogue's entry */
export function grpcStatusOfError(id: number): number {
  return BY_ERROR_ID[id] ?? GrpcStatus.UNKNOWN;
}

function errorTable(): Uint8Array {
  const table = new Uint8Array(256).fill(GrpcStatus.UNKNOWN);
  for (const { id, code, status, retry } of CATALOGUE) {
    // Unlike that of a server, a 500 of ours says that something is not as it should be.
    const ofStatus = status === 500 ? GrpcStatus.INTERNAL : grpcStatusOfHttp(status);
    table[id] = OF_ERROR[code] ?? (retry === 'next-server' ? GrpcStatus.UNAVAILABLE : ofStatus);
  }
  return table;
}
