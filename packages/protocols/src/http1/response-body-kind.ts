// Final framing of a response: what its bytes say, the request method and the status together (RFC 9112 §6.3).
// Decides only; relaying the body is the caller's job.

import { BodyKind } from '../http-head/request-head.ts';
import type { ResponseHead } from '../http-head/response-head.ts';

/**
 * NONE for answers to HEAD, 1xx, 204, 304, 2xx to CONNECT (a tunnel follows) and Content-Length 0; otherwise LENGTH
 * (`head.bodyBytes` bytes), CHUNKED or UNTIL_CLOSE. After 101 the bytes belong to the new protocol.
 */
export function responseBodyKind(head: ResponseHead, requestMethod: string): number {
  const status = head.status;
  if (status < 200 || status === 204 || status === 304 || requestMethod === 'HEAD') return BodyKind.NONE;
  if (requestMethod === 'CONNECT' && status < 300) return BodyKind.NONE;
  return head.bodyKind === BodyKind.LENGTH && head.bodyBytes === 0 ? BodyKind.NONE : head.bodyKind;
}
