// The `protocol` label of a request, from fields of its head (observability.md section 2.1). Runs for each counted request, so it
// compares numbers before it makes a string; allocates only for requests that may be something else than plain HTTP.

import { FIELD_WORDS, Field, type RequestHead } from '@sluice/protocols';
import { ProtocolLabel } from '@sluice/shared-state';

const ACCEPT = 'accept';
const EVENT_STREAM = 'text/event-stream';
const GRPC_WEB = 'application/grpc-web';
const GRPC = 'application/grpc';

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

/** A field whose length alone says that it cannot be is not looked at. */
function acceptsEvents(request: RequestHead): boolean {
  const { fields, count } = request;
  for (let i = 0; i < count; i++) {
    const at = i * FIELD_WORDS;
    if (fields[at + 1] !== ACCEPT.length || fields[at + 3] < EVENT_STREAM.length) continue;
    if (request.isRemoved(i) || request.nameAt(i) !== ACCEPT) continue;
    if (request.valueAt(i).toLowerCase().includes(EVENT_STREAM)) return true;
  }
  return false;
}
