// What an entry point does to every request before routing (reference/http-routing §1–2): underscore names, path
// normalisation and sanitising, query semicolons, forwarded fields. Allocates only when it changes something.

import type { Answer } from '@sluice/middlewares/behaviours';
import { emptyAnswer, plainAnswer } from '@sluice/middlewares/behaviours';
import {
  deniedCharacter,
  FIELD_WORDS,
  Field,
  isPlainPath,
  normalizePath,
  type RequestHead,
  routingPath,
  sanitizePath,
} from '@sluice/protocols';
import type { EntryPoint } from './entry-point.ts';
import { removeForwardedFields } from './forwarded-fields.ts';
import { removeConnectionOptions } from './hop-by-hop.ts';
import type { HttpExchange } from './http-exchange.ts';

const BAD_REQUEST = emptyAnswer(400);
const BAD_REQUEST_TEXT = plainAnswer(400, 'Bad Request');
const UNDERSCORE = 0x5f;

/** Undefined when the request may be routed; its view is filled then. */
export function applyEntryPointRules(exchange: HttpExchange): Answer | undefined {
  const { request, downstream } = exchange;
  const { entryPoint } = downstream;
  const { http, forwardedHeaders } = entryPoint.configuration;
  if (http.underscoreHeadersStrategy !== 'keep' && !applyUnderscoreStrategy(request, entryPoint))
    return BAD_REQUEST_TEXT;
  const plain = isPlainPath(request.path);
  if (!plain && request.path !== '*') {
    const path = normalizePath(request.path);
    if (path === undefined) return BAD_REQUEST;
    const clean = http.sanitizePath ? sanitizePath(path) : path;
    if (clean !== request.path) request.setPath(clean);
  }
  if (request.query?.includes(';')) {
    request.setQuery(request.query.replaceAll(';', http.encodeQuerySemicolons ? '%3B' : '&'));
  }
  if (!downstream.peerTrusted) removeForwardedFields(request);
  removeConnectionOptions(request, forwardedHeaders.connection);
  // Of HTTP/1.0 or without a body: to be ignored (RFC 9110 §10.1.1), and the server must not wait for it either.
  if (!request.expectContinue && request.hasReceived(Field.EXPECT)) request.removeId(Field.EXPECT);
  const path = plain ? request.path : routingPath(request.path);
  if (path === undefined) return BAD_REQUEST;
  exchange.view.fill(path);
  return undefined;
}

/** The denial a router may ask for; runs after matching, before its middlewares. */
export function refusesEncodedCharacters(request: RequestHead, mask: number): Answer | undefined {
  return mask !== 0 && deniedCharacter(request.path, mask) ? BAD_REQUEST : undefined;
}

/** False when the request must be refused. */
function applyUnderscoreStrategy(request: RequestHead, entryPoint: EntryPoint): boolean {
  const refuse = entryPoint.configuration.http.underscoreHeadersStrategy === 'reject';
  const { fields, bytes } = request;
  for (let index = 0; index < request.count; index++) {
    const at = index * FIELD_WORDS;
    if (fields[at + 4] !== Field.OTHER) continue;
    if (bytes.subarray(fields[at], fields[at] + fields[at + 1]).includes(UNDERSCORE)) {
      if (refuse) return false;
      request.removeAt(index);
    }
  }
  return true;
}
