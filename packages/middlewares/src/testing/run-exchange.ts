// Runs one exchange through a list of middlewares in the order the data path does, with bodies and suspension.
// For tests: it keeps whole bodies in memory and checks that middlewares keep to the interface.

import type { Answer } from '../interface/answer.ts';
import { type BodyTransform, type Middleware, Verdict } from '../interface/middleware.ts';
import type { TestExchange } from './test-exchange.ts';

/** What the server makes of the request; it may look at `exchange.request` and must call `exchange.receive`. */
export type TestService = (exchange: TestExchange, requestBody: Buffer) => { readonly body: readonly string[] };

export interface TestOutcome {
  readonly status: number;
  readonly responseBody: string;
  /** What the server got; undefined when it was not asked. */
  readonly requestBody: string | undefined;
}

/** @param requestChunks pieces of the request body as they arrive; none: the request has no body. */
export async function runExchange(
  exchange: TestExchange,
  middlewares: readonly Middleware[],
  service: TestService,
  requestChunks: readonly string[] = [],
): Promise<TestOutcome> {
  const answeredBy = await runRequestHooks(exchange, middlewares);
  if (answeredBy !== -1) {
    const answer = exchange.answered as Answer;
    exchange.receiveAnswer(answer);
    runResponseHooks(exchange, middlewares, answeredBy);
    const responseBody = exchange.request.method === 'HEAD' ? '' : answer.body;
    return { status: exchange.response.status, responseBody, requestBody: undefined };
  }
  const hasBody = requestChunks.length > 0;
  const transforms = hasBody ? middlewares.map((each) => each.requestBody?.(exchange)) : [];
  const requestBody = pass(requestChunks, transforms);
  const { body } = service(exchange, requestBody);
  if (exchange.response.status === 0) throw new Error('the service has not called receive');
  runResponseHooks(exchange, middlewares, middlewares.length);
  const answersBody = body.some((chunk) => chunk !== '') && exchange.request.method !== 'HEAD';
  const makers = answersBody ? middlewares.toReversed() : [];
  const responseBody = answersBody
    ? pass(
        body,
        makers.map((each) => each.responseBody?.(exchange)),
      ).toString()
    : '';
  return { status: exchange.response.status, responseBody, requestBody: requestBody.toString() };
}

/** @returns the index of the middleware that answered, or -1. */
async function runRequestHooks(exchange: TestExchange, middlewares: readonly Middleware[]): Promise<number> {
  for (const [index, middleware] of middlewares.entries()) {
    const resumedBefore = exchange.resumed;
    const decision = exchange.decision();
    const verdict = middleware.onRequest?.(exchange) ?? Verdict.NEXT;
    if (verdict === Verdict.SUSPENDED) {
      // Whatever is not kept is gone now: in the data path the bytes belong to the next batch.
      exchange.request.retainHead();
      await decision;
    } else if (exchange.resumed !== resumedBefore) {
      throw new Error(`middleware ${index} has resumed without having said SUSPENDED`);
    }
    const answered = exchange.answered !== undefined;
    if (verdict === Verdict.ANSWERED && !answered) throw new Error(`middleware ${index} said ANSWERED but has not`);
    if (verdict === Verdict.NEXT && answered) throw new Error(`middleware ${index} has answered but said NEXT`);
    if (exchange.resumed > resumedBefore + 1) throw new Error(`middleware ${index} has resumed twice`);
    if (answered) return index;
  }
  return -1;
}

/** @param count how many middlewares, from the outermost, see the response. */
function runResponseHooks(exchange: TestExchange, middlewares: readonly Middleware[], count: number): void {
  for (const middleware of middlewares.slice(0, count).reverse()) middleware.onResponse?.(exchange);
}

/** Every chunk goes through all transforms; the memory of a chunk is overwritten afterwards, as in the data path. */
function pass(chunks: readonly string[], transforms: readonly (BodyTransform | undefined)[]): Buffer {
  const result: Buffer[] = [];
  for (const [index, chunk] of chunks.entries()) {
    const last = index === chunks.length - 1;
    const received = Buffer.from(chunk);
    let bytes: Uint8Array | undefined = received;
    for (const transform of transforms) {
      if (bytes === undefined && !last) break;
      if (transform !== undefined) bytes = transform.push(bytes ?? new Uint8Array(0), last);
    }
    if (bytes !== undefined) result.push(Buffer.from(bytes));
    received.fill('#');
  }
  return Buffer.concat(result);
}
