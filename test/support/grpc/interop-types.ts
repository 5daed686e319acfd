// Messages of the interface in `interop.proto`, as the loader gives and takes them, and its definitions.

import { join } from 'node:path';
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export interface Payload {
  readonly type?: string;
  readonly body?: Buffer;
}

export interface EchoStatus {
  readonly code: number;
  readonly message: string;
}

export interface SimpleRequest {
  readonly responseSize?: number;
  readonly payload?: Payload | null;
  readonly responseStatus?: EchoStatus | null;
  readonly fillServerId?: boolean;
}

export interface SimpleResponse {
  readonly payload: Payload | null;
  readonly serverId: string;
}

export interface StreamingInput {
  readonly payload: Payload | null;
}

export interface StreamingInputSum {
  readonly aggregatedPayloadSize: number;
}

export interface ResponseParameters {
  readonly size: number;
  readonly intervalUs?: number;
}

export interface StreamingOutput {
  readonly responseParameters?: readonly ResponseParameters[];
  readonly payload?: Payload | null;
  readonly responseStatus?: EchoStatus | null;
}

export interface StreamingOutputPiece {
  readonly payload: Payload | null;
}

export const TEST_SERVICE = service('interop.proto', 'grpc', 'testing', 'TestService');
export const UNIMPLEMENTED_SERVICE = service('interop.proto', 'grpc', 'testing', 'UnimplementedService');
export const HEALTH_SERVICE = service('health.proto', 'grpc', 'health', 'v1', 'Health');

function service(file: string, ...path: readonly string[]): ServiceClientConstructor {
  const definition = loadSync(join(import.meta.dirname, file), { enums: String, defaults: true });
  let place: unknown = loadPackageDefinition(definition);
  for (const name of path) place = (place as GrpcObject)[name];
  return place as ServiceClientConstructor;
}
