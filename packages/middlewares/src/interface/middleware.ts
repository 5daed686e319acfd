// The interface every middleware implements, built in or not: request head in, response head in, optional body access,
// may answer itself. Instances are made once per use (router) and revision, never per request.

import type { HeaderTable } from '@sluice/protocols';
import type { ZodType } from 'zod';
import type { Exchange } from './exchange.ts';

/** What `onRequest` says. */
export const Verdict = {
  /** Go on with the next middleware, finally the service. */
  NEXT: 0,
  /** `exchange.answer` has been called. */
  ANSWERED: 1,
  /** Will call `exchange.resume` or `exchange.answer` later; the request head has been retained by the data path. */
  SUSPENDED: 2,
} as const;
export type VerdictValue = (typeof Verdict)[keyof typeof Verdict];

/**
 * Changes a body on its way. Made per exchange, only where a middleware asks for it; without one a body never reaches
 * JavaScript. The framing of a transformed body becomes chunked.
 */
export interface BodyTransform {
  /**
   * `chunk` is valid during the call only; copy what you keep. Return bytes to pass on, or undefined for none yet.
   * With `last` the chunk (perhaps empty) is the final one and everything held back must be returned.
   * @param trailers with `last` only: what came behind the body, if anything
   * @throws to abort the exchange.
   */
  push(chunk: Uint8Array, last: boolean, trailers?: HeaderTable): Uint8Array | undefined;
  /** It puts the trailers into the body: none are sent behind it. Default false. */
  readonly absorbsTrailers?: boolean;
}

export interface Middleware {
  /**
   * Promises that no hook reads or changes X-Forwarded-*, X-Real-Ip, X-Scheme or the host of the request: where all middlewares
   * of a router promise it, these fields go out as one prepared block. Default false.
   */
  readonly ignoresForwardedFields?: boolean;
  /** Promises that `onResponse` and `responseBody` do not look at the request: its head need not be kept. Default false. */
  readonly ignoresRequestLater?: boolean;
  onRequest?(exchange: Exchange): VerdictValue;
  /** Called in reverse order, also for answers made by inner middlewares and by the proxy. */
  onResponse?(exchange: Exchange): void;
  /** Called after every `onRequest`, before the head goes upstream; undefined leaves the body alone. */
  requestBody?(exchange: Exchange): BodyTransform | undefined;
  /** Called after every `onResponse`, before the head goes downstream; not for responses without a body, nor for answers. */
  responseBody?(exchange: Exchange): BodyTransform | undefined;
}

/** The part of a middleware type that a worker needs: options come to it validated. */
export interface MiddlewareBehaviour<Options = unknown> {
  /** Key in the configuration: `addPrefix`. */
  readonly type: string;
  /** @throws Error with a sentence for the operator when the options cannot work (it disables the middleware). */
  create(options: Options, name: string): Middleware;
}

/** A middleware type as the configuration knows it. */
export interface MiddlewareType<Options = unknown> extends MiddlewareBehaviour<Options> {
  /**
   * Decodes and validates the options; defaults included. Keys spelled as in the reference. Its output must be plain JSON
   * data: that is how options travel to the workers.
   */
  readonly schema: ZodType<Options>;
}
