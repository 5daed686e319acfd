// Writes the head of a response to a client that speaks HTTP/1: kept lines by reference, framing and connection fields of our own.
// Decides how the body is framed on this connection. Allocates nothing for an unchanged response.

import {
  addedFieldsBytes,
  BodyKind,
  checkAddedFields,
  dateFieldBytes,
  Field,
  type ResponseHead,
  statusLineBytes,
} from '@sluice/protocols';
import { Framing, hasNoBody } from './framing.ts';
import { removeHopByHop } from './hop-by-hop.ts';
import type { HttpExchange } from './http-exchange.ts';
import { ownLength } from './own-length.ts';
import { sendKeptLines } from './send-bytes.ts';

const OWN_LINES_BYTES = 256;
const SPACE = 0x20;

/**
 * `bodyKind` is the body that is at hand: what the upstream really sends (its method and status considered), or LENGTH. A
 * hook may have changed the status since.
 */
export function chooseFraming(exchange: HttpExchange, bodyKind: number): number {
  if (bodyKind === BodyKind.NONE || hasNoBody(exchange.response.status)) return Framing.NONE;
  if (bodyKind === BodyKind.LENGTH && exchange.responseTransform === undefined) return Framing.LENGTH;
  return exchange.request.minorVersion === 1 ? Framing.CHUNKED : Framing.CLOSE;
}

/**
 * Framing and connection fields are ours alone: what hooks have said about them is left out. `bodyBytes` is for LENGTH.
 * @throws RangeError, with nothing sent yet, when a field that was added could split the message.
 */
export function sendResponseHead(exchange: HttpExchange, framing: number, bodyBytes: number): void {
  const { response, context, downstream } = exchange;
  const { transport, headWriter: writer } = context;
  const announcesTrailers = framing === Framing.CHUNKED ? response.get('trailer') : undefined;
  if (response.addedNames.length > 0) checkAddedFields(response);
  removeHopByHop(response);
  if (announcesTrailers !== undefined) response.add('Trailer', announcesTrailers);
  const length = ownLength(exchange, framing, bodyBytes);
  const received = response.count > 0 || response.headLength > 0;
  if (!response.statusChanged && hasUsableStatusLine(response) && received) {
    sendKeptLines(transport, downstream.id, response, response.headOffset);
  } else {
    writeStatusLine(exchange);
    writer.send(downstream.id);
    if (response.count > 0) sendKeptLines(transport, downstream.id, response, response.fields[0]);
  }
  writer.begin(OWN_LINES_BYTES + addedFieldsBytes(response));
  if (!response.hasReceived(Field.DATE) && !response.has('date')) writer.bytes(dateFieldBytes());
  if (length !== -1) {
    writer.text('Content-Length: ');
    writer.decimal(length);
    writer.text('\r\n');
  }
  if (framing === Framing.CHUNKED) writer.text('Transfer-Encoding: chunked\r\n');
  if (!exchange.keepDownstream) writer.text('Connection: close\r\n');
  else if (exchange.request.minorVersion === 0) writer.text('Connection: keep-alive\r\n');
  writer.added(response);
  writer.text('\r\n');
  writer.send(downstream.id);
}

/** 1xx responses other than 101 travel as they come; HTTP/1.0 clients do not know them. */
export function sendInterimHead(exchange: HttpExchange): void {
  if (exchange.request.minorVersion === 0) return;
  sendReceivedLines(exchange);
  sendText(exchange, '\r\n');
}

export function sendContinue(exchange: HttpExchange): void {
  if (exchange.request.minorVersion === 1) sendText(exchange, 'HTTP/1.1 100 Continue\r\n\r\n');
}

/** The 101 that turns both connections into a tunnel. @throws as `sendResponseHead`. */
export function sendSwitchHead(exchange: HttpExchange, protocol: string): void {
  const { response, context, downstream } = exchange;
  checkAddedFields(response);
  sendReceivedLines(exchange);
  const writer = context.headWriter;
  writer.begin(OWN_LINES_BYTES + protocol.length + addedFieldsBytes(response));
  writer.text('Connection: Upgrade\r\n');
  writer.field('Upgrade', protocol);
  writer.added(response);
  writer.text('\r\n');
  writer.send(downstream.id);
}

/** Status line and fields of a 1xx response, which never has a body (RFC 9110 §15.2). */
function sendReceivedLines(exchange: HttpExchange): void {
  const { response, context, downstream } = exchange;
  removeHopByHop(response);
  response.removeId(Field.CONTENT_LENGTH);
  if (hasUsableStatusLine(response)) {
    sendKeptLines(context.transport, downstream.id, response, response.headOffset);
    return;
  }
  writeStatusLine(exchange);
  context.headWriter.send(downstream.id);
  if (response.count > 0) sendKeptLines(context.transport, downstream.id, response, response.fields[0]);
}

/** Of our version, and with the space that has to be behind the status even without a reason (RFC 9112 §4). */
function hasUsableStatusLine({ hasLines, minorVersion, bytes, reasonOffset }: ResponseHead): boolean {
  return hasLines && minorVersion === 1 && bytes[reasonOffset - 1] === SPACE;
}

function writeStatusLine(exchange: HttpExchange): void {
  const { response } = exchange;
  const writer = exchange.context.headWriter;
  writer.begin(OWN_LINES_BYTES + response.reasonLength);
  if (response.statusChanged || !response.hasLines) writer.bytes(statusLineBytes(response.status));
  else {
    const { reasonOffset, reasonLength } = response;
    writer.text(`HTTP/1.1 ${response.status} `);
    writer.line(response.bytes.latin1Slice(reasonOffset, reasonOffset + reasonLength));
    writer.text('\r\n');
  }
}

function sendText(exchange: HttpExchange, text: string): void {
  const writer = exchange.context.headWriter;
  writer.begin(text.length);
  writer.text(text);
  writer.send(exchange.downstream.id);
}
