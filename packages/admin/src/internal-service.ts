// What answers requests to one service of the program itself (`<name>@internal`). Requests have been routed and went through
// middlewares in a worker; nothing here decides who may ask.

/** Of the request, what has been copied out of the server's memory. */
export interface InternalRequest {
  /** As received. */
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Empty when absent. */
  readonly acceptEncoding: string;
}

export interface InternalAnswer {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string | Uint8Array;
}

export interface InternalService {
  answer(request: InternalRequest): InternalAnswer | Promise<InternalAnswer>;
}
