// A real gRPC server with a health service on a free loopback port for tests, ended when the test ends.

import type { TestContext } from 'node:test';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';

export type HealthAnswer = (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => void;

const identity = (bytes: Buffer): Buffer => bytes;

/** HealthCheckResponse with this status. */
export function statusMessage(status: number): Buffer {
  return status === 0 ? Buffer.alloc(0) : Buffer.of(8, status);
}

/** @returns the port. @param answer undefined: the server has no health service. */
export async function startGrpcServer(
  t: TestContext,
  answer: HealthAnswer | undefined,
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<number> {
  const server = new Server();
  const method = {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  } as const;
  if (answer !== undefined) server.addService({ Check: method }, { Check: answer });
  t.after(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}
