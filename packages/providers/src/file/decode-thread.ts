// The entry of the decoding thread: brings the registry of built-in middlewares itself, because schemas cannot be sent.
// Answers one request at a time and keeps nothing.

import { type DecodedDynamic, decodeDynamic } from '@sluice/config';
import { middlewareTypes } from '@sluice/middlewares';
import { yieldToRequests } from '@sluice/native';
import type { DocumentSource, UnknownKeys } from './document-decoder.ts';

export interface ThreadRequest {
  readonly source: DocumentSource;
  /** Keys of the built-in types that may be used. */
  readonly types: readonly string[];
  readonly unknownKeys: UnknownKeys;
}

yieldToRequests();

export default function decodeInThread({ source, types, unknownKeys }: ThreadRequest): DecodedDynamic {
  const allowed = new Map([...middlewareTypes].filter(([name]) => types.includes(name)));
  return decodeDynamic({ ...source, middlewareTypes: allowed, unknownKeys, positions: true });
}
