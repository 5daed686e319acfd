// grpcWeb: lets browsers call gRPC servers. Requests become those of gRPC, the trailers of a response become a part of its body.
// Whether the server is spoken to in HTTP/2 is decided by the scheme of its URL, not here.
// Allocates for calls only: one field, one transform for each direction that needs it, the CORS fields.

import { fieldLine, isGrpcContentType, type RequestHead } from '@sluice/protocols';
import type { Exchange } from '../interface/exchange.ts';
import {
  type BodyTransform,
  type Middleware,
  type MiddlewareBehaviour,
  Verdict,
  type VerdictValue,
} from '../interface/middleware.ts';
import { GrpcWebCors } from './cors.ts';
import type { GrpcWebOptions } from './grpc-web-options.ts';
import { GrpcWebResponseBody } from './response-body.ts';
import { TextRequestBody } from './text-request-body.ts';

export const grpcWeb: MiddlewareBehaviour<GrpcWebOptions> = {
  type: 'grpcWeb',
  create: (options) => new GrpcWeb(options),
};

const GRPC = 'application/grpc';
const GRPC_WEB = 'application/grpc-web';
const GRPC_WEB_TEXT = 'application/grpc-web-text';
const CONTENT_TYPE = 'Content-Type';

class GrpcWeb implements Middleware {
  readonly ignoresForwardedFields = true;
  private readonly cors: GrpcWebCors;
  /**
   * The type that a call came with, by the field line that this instance has put in its place: how hooks recognise their calls
   * later, since an instance serves many exchanges at once.
   */
  private readonly calls = new WeakMap<Uint8Array, typeof GRPC_WEB | typeof GRPC_WEB_TEXT>();

  constructor({ allowOrigins }: GrpcWebOptions) {
    this.cors = new GrpcWebCors(allowOrigins);
  }

  onRequest(exchange: Exchange): VerdictValue {
    const { request } = exchange;
    if (this.cors.isPreflight(request)) {
      exchange.answer(this.cors.answerPreflight(request));
      return Verdict.ANSWERED;
    }
    if (request.method === 'POST') this.translate(request);
    return Verdict.NEXT;
  }

  requestBody({ request }: Exchange): BodyTransform | undefined {
    return this.callType(request) === GRPC_WEB_TEXT ? new TextRequestBody() : undefined;
  }

  onResponse({ request, response }: Exchange): void {
    const callType = this.callType(request);
    if (callType === undefined) return;
    const type = response.get('content-type');
    if (type !== undefined && isGrpcContentType(type)) {
      response.set(CONTENT_TYPE, callType + type.slice(GRPC.length));
      response.remove('trailer');
    }
    this.cors.addTo(response, request);
  }

  /** An answer that is not of gRPC, such as the error page of a proxy in between, stays as it is. */
  responseBody({ request, response }: Exchange): BodyTransform | undefined {
    const callType = this.callType(request);
    if (callType === undefined || !response.get('content-type')?.startsWith(callType)) return undefined;
    return new GrpcWebResponseBody(callType === GRPC_WEB_TEXT, response.has('grpc-status'));
  }

  private translate(request: RequestHead): void {
    const type = request.get('content-type');
    if (type === undefined || !type.startsWith(GRPC_WEB)) return;
    const callType = type.startsWith(GRPC_WEB_TEXT) ? GRPC_WEB_TEXT : GRPC_WEB;
    const grpcType = GRPC + type.slice(callType.length);
    const line = fieldLine(CONTENT_TYPE, grpcType);
    request.remove('content-type');
    request.add(CONTENT_TYPE, grpcType, 'content-type', line);
    // Servers take a request without it for one that came through a proxy which loses trailers.
    request.set('Te', 'trailers');
    this.calls.set(line, callType);
  }

  private callType(request: RequestHead): typeof GRPC_WEB | typeof GRPC_WEB_TEXT | undefined {
    const { addedLines } = request;
    for (let i = 0; i < addedLines.length; i++) {
      const line = addedLines[i];
      const callType = line === undefined ? undefined : this.calls.get(line);
      if (callType !== undefined) return callType;
    }
    return undefined;
  }
}
