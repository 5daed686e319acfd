// Writes heads towards a client that speaks HTTP/2 as field blocks: what belongs to one connection of HTTP/1 is left out, status,
// length and date are ours. Decides whether the head ends its stream. Allocates nothing for an unchanged response.

import {
  checkAddedFields,
  DECIMAL_BYTES_MAX,
  dateFieldBytes,
  encodeFields,
  Field,
  type HeaderTable,
  type HpackEncoder,
  type ResponseHead,
  writeDecimal,
} from '@sluice/protocols';
import { Framing } from '../http/framing.ts';
import { removeHopByHop } from '../http/hop-by-hop.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import { ownLength } from '../http/own-length.ts';
import type { FrameOutput } from './frame-output.ts';

/** `Date: ` and the line end. */
const DATE_NAME_BYTES = 4;
const DATE_VALUE_OFFSET = 6;
const LINE_END_BYTES = 2;

/** A name and room for the number behind it. */
const LENGTH_NAME = 'content-length';
const LENGTH_FIELD = Buffer.alloc(LENGTH_NAME.length + DECIMAL_BYTES_MAX);
LENGTH_FIELD.write(LENGTH_NAME, 'latin1');

/**
 * Fields about framing and connection are ours alone, as in HTTP/1. `bodyBytes` is for LENGTH.
 * @throws RangeError, with nothing sent yet, for an added field that could not stand in a message.
 */
export function sendResponseFields(
  frames: FrameOutput,
  slot: number,
  exchange: HttpExchange,
  framing: number,
  bodyBytes: number,
  endStream: boolean,
): void {
  const { response } = exchange;
  const announcesTrailers = framing === Framing.FRAMED ? response.get('trailer') : undefined;
  if (response.addedNames.length > 0) checkAddedFields(response);
  removeHopByHop(response);
  if (announcesTrailers !== undefined) response.add('Trailer', announcesTrailers);
  const length = ownLength(exchange, framing, bodyBytes);
  frames.beginHead(response);
  const { encoder } = frames;
  encoder.status(response.status);
  if (!response.hasReceived(Field.DATE) && !response.has('date')) dateField(encoder);
  if (length !== -1) lengthField(encoder, length);
  encodeFields(encoder, response);
  frames.endHead(slot, endStream);
}

/** A received 1xx head, which never has a body (RFC 9110 §15.2). */
export function sendInterimFields(frames: FrameOutput, slot: number, response: ResponseHead): void {
  removeHopByHop(response);
  response.removeId(Field.CONTENT_LENGTH);
  frames.beginHead(response);
  frames.encoder.status(response.status);
  encodeFields(frames.encoder, response);
  frames.endHead(slot, false);
}

/** A head of our own, without the fields of `none`, which is empty. */
export function sendStatus(frames: FrameOutput, slot: number, status: number, none: HeaderTable): void {
  frames.beginHead(none);
  frames.encoder.status(status);
  frames.endHead(slot, false);
}

/** The head of an answer to a request that never became an exchange. */
export function sendTextStatus(
  frames: FrameOutput,
  slot: number,
  status: number,
  bodyBytes: number,
  none: HeaderTable,
): void {
  frames.beginHead(none);
  frames.encoder.status(status);
  frames.encoder.stringField('content-type', 'text/plain; charset=utf-8');
  lengthField(frames.encoder, bodyBytes);
  frames.endHead(slot, false);
}

function dateField(encoder: HpackEncoder): void {
  const line = dateFieldBytes();
  const valueBytes = line.length - DATE_VALUE_OFFSET - LINE_END_BYTES;
  encoder.rangeField(line, 0, DATE_NAME_BYTES, DATE_VALUE_OFFSET, valueBytes, Field.DATE);
}

function lengthField(encoder: HpackEncoder, bytes: number): void {
  const offset = LENGTH_NAME.length;
  const end = writeDecimal(LENGTH_FIELD, offset, bytes);
  encoder.rangeField(LENGTH_FIELD, 0, offset, offset, end - offset, Field.CONTENT_LENGTH);
}
