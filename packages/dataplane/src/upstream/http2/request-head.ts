// Encodes the head of a request for a server that speaks HTTP/2 (RFC 9113 §8.3.1): pseudo-header fields, what was received and kept,
// what was added, our forwarding fields. `prepareRequestHead` has removed what belongs to the client's connection. Allocates nothing
// for a client and host seen before on its connection.

import { encodeFields, Field, type HpackEncoder } from '@sluice/protocols';
import type { HttpExchange } from '../../http/http-exchange.ts';
import { joinServerPath } from '../../http/server-path.ts';
import { frameLength, requestIsChunked } from '../../http/upstream-request.ts';
import type { FrameOutput } from '../../http2/frame-output.ts';

/** Names of pseudo-header fields, what is written around each field we add, and changes of the encoder's table. */
const OWN_FIELDS_BYTES = 256;
/** Added to each forwarding field, in place of its colon, space and line end. */
const FORWARDED_FIELD_BYTES = 12;
const FORWARDED_FIELDS_MAX = 10;

/** Names and values in turns, by the block that a client's connection has prepared. */
const forwardedFields = new WeakMap<Uint8Array, readonly string[]>();

/** Leaves the block open: the caller opens a stream and sends it. @throws RangeError for fields that cannot be sent. */
export function encodeRequestHead(exchange: HttpExchange, frames: FrameOutput): void {
  const { request, downstream } = exchange;
  const { record, pool } = exchange.upstream.server!;
  const authority = exchange.route!.service.passHostHeader && request.host !== '' ? request.host : record.authority;
  const path = record.preservePath ? joinServerPath(record.path, request) : request.target;
  request.removeId(Field.HOST);
  if (requestIsChunked(exchange)) request.removeId(Field.CONTENT_LENGTH);
  else frameLength(request);
  const block = exchange.forwardedSet ? undefined : downstream.forwardedBlockFor(exchange);
  const blockBytes = block === undefined ? 0 : block.length + FORWARDED_FIELDS_MAX * FORWARDED_FIELD_BYTES;
  const ownBytes = OWN_FIELDS_BYTES + request.method.length + path.length + authority.length + blockBytes;
  frames.beginHead(request, ownBytes);
  const { encoder } = frames;
  encoder.stringField(':method', request.method);
  encoder.stringField(':scheme', pool.secure ? 'https' : 'http');
  encoder.stringField(':authority', authority);
  encoder.stringField(':path', path);
  encodeFields(encoder, request);
  if (block !== undefined) encodeForwarded(encoder, block);
}

function encodeForwarded(encoder: HpackEncoder, block: Uint8Array): void {
  let fields = forwardedFields.get(block);
  if (fields === undefined) {
    fields = fieldsOf(block);
    forwardedFields.set(block, fields);
  }
  for (let i = 0; i < fields.length; i += 2) encoder.stringField(fields[i], fields[i + 1]);
}

function fieldsOf(block: Uint8Array): readonly string[] {
  const fields: string[] = [];
  for (const line of Buffer.from(block).toString('latin1').split('\r\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) fields.push(line.slice(0, colon).toLowerCase(), line.slice(colon + 2));
  }
  return fields;
}
