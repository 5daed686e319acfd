// The `protocol` label of a request, from fields of its head (observability.md section 2.1). Runs for each counted request, so it
// looks at bytes where they are; a string is made only of fields that most requests do not have.

import { FIELD_WORDS, Field, InternCache, type RequestHead } from '@sluice/protocols';
import { ProtocolLabel } from '@sluice/shared-state';

const ACCEPT = Buffer.from('accept');
const EVENT_STREAM = 'text/event-stream';
const GRPC_WEB = 'application/grpc-web';
const GRPC = 'application/grpc';
/** 2^6 values of up to 256 bytes. */
const VALUES_BITS = 6;

const values = new InternCache(VALUES_BITS);
let lastValue = '';
let lastHasIt = false;

/** @returns a `ProtocolLabel`. To be called while the head's bytes are there. */
export function protocolOfRequest(request: RequestHead): number {
  if (request.upgrade && request.get('upgrade')?.toLowerCase().includes('websocket') === true) {
    return ProtocolLabel.WEBSOCKET;
  }
  if (acceptsEvents(request)) return ProtocolLabel.SSE;
  if (!request.hasReceived(Field.CONTENT_TYPE)) return ProtocolLabel.HTTP;
  const type = request.get('content-type')!;
  if (type.startsWith(GRPC_WEB)) return ProtocolLabel.GRPC_WEB;
  return type.startsWith(GRPC) ? ProtocolLabel.GRPC : ProtocolLabel.HTTP;
}

/** A field whose lengths alone say that it cannot be is not looked at. */
function acceptsEvents(request: RequestHead): boolean {
  const { fields, count, bytes } = request;
  const end = count * FIELD_WORDS;
  for (let at = 0; at < end; at += FIELD_WORDS) {
    if (fields[at + 1] !== ACCEPT.length || fields[at + 3] < EVENT_STREAM.length || fields[at + 4] !== Field.OTHER)
      continue;
    if (!equalsAt(bytes, fields[at], ACCEPT)) continue;
    if (hasEventStream(bytes, fields[at + 2], fields[at + 3])) return true;
  }
  return false;
}

/** Clients of a site send few different values, one after the other mostly the same: their strings are kept. */
function hasEventStream(bytes: Buffer, start: number, length: number): boolean {
  const value = values.get(bytes, start, length);
  if (value !== lastValue) {
    lastValue = value;
    lastHasIt = value.toLowerCase().includes(EVENT_STREAM);
  }
  return lastHasIt;
}

/** Letters in any case; `lower` is in lower case. */
function equalsAt(bytes: Buffer, start: number, lower: Buffer): boolean {
  for (let i = 0; i < lower.length; i++) {
    let byte = bytes[start + i];
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
    if (byte !== lower[i]) return false;
  }
  return true;
}
