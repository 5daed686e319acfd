// What a client of gRPC gets when the proxy itself says no: an answer of HTTP 200 with a status of gRPC and nothing behind its head
// ("Trailers-Only" in gRPC over HTTP/2). Knows nothing of connections. Allocates for such answers only.

import type { CatalogueEntry } from '@sluice/errors';
import {
  BodyKind,
  encodeGrpcMessage,
  FIELD_WORDS,
  Field,
  grpcStatusOfError,
  grpcStatusOfHttp,
  isGrpcContentTypeAt,
  type RequestHead,
  type ResponseHead,
  reasonPhrase,
} from '@sluice/protocols';

const FAILURE_MIN = 400;
/** About the body that is left out. */
const BODY_FIELDS = ['content-type', 'content-length', 'content-encoding', 'x-content-type-options'] as const;

/**
 * A call as its client has sent it: one that a middleware has made of something else is answered by that middleware. To be
 * called while the head's bytes are there. Only the type of a request with a body is looked at.
 */
export function isGrpcCall(request: RequestHead): boolean {
  if (request.bodyKind === BodyKind.NONE) return false;
  const index = request.indexOfId(Field.CONTENT_TYPE);
  if (index === -1) return false;
  const at = index * FIELD_WORDS;
  return isGrpcContentTypeAt(request.bytes, request.fields[at + 2], request.fields[at + 3]);
}

/** Not a redirection, and not what already speaks of gRPC. */
export function hidesFailure(response: ResponseHead): boolean {
  return response.status >= FAILURE_MIN && !response.has('grpc-status');
}

/**
 * Makes the head of a failure one that clients of gRPC understand. Fields that middlewares have added stay.
 * @param failure when there is one, it says more than the status of the head
 */
export function becomeGrpcAnswer(response: ResponseHead, failure: CatalogueEntry | undefined): void {
  const { status } = response;
  const code = failure?.status === status ? grpcStatusOfError(failure.id) : grpcStatusOfHttp(status);
  for (const name of BODY_FIELDS) response.remove(name);
  response.setStatus(200);
  response.add('Content-Type', 'application/grpc');
  response.add('Grpc-Status', String(code));
  response.add('Grpc-Message', encodeGrpcMessage(`${status} ${reasonPhrase(status)}`));
}
