// Writes the head of a request to its upstream connection in HTTP/1: kept lines by reference, the rest from the arena. Allocates
// nothing for a request that no middleware and no rule has changed.

import { addedFieldsBytes, BodyKind, checkAddedFields, Field, type RequestHead } from '@sluice/protocols';
import { appendForwardedFor, canUseForwardedBlock, setForwardedFields } from './forwarded-fields.ts';
import { removeHopByHop } from './hop-by-hop.ts';
import type { HttpExchange } from './http-exchange.ts';
import { sendKeptLines } from './send-bytes.ts';
import { joinServerPath } from './server-path.ts';

/** Names, colons, line ends and numbers of the lines we may add ourselves. */
const OWN_LINES_BYTES = 256;

/** Must be called once before the first `sendRequestHead`: decides what the connection-specific fields become. */
export function prepareRequestHead(exchange: HttpExchange): void {
  const { request } = exchange;
  takeAddedHost(request);
  if (!canUseForwardedBlock(exchange)) {
    setForwardedFields(exchange);
    appendForwardedFor(exchange);
  }
  const namesTe = request.hasReceived(Field.TE) || request.addedLowerNames.includes('te');
  const acceptsTrailers = namesTe && /(^|[\s,])trailers([\s,;]|$)/i.test(request.getAll('te').join(','));
  const upgrade = request.upgrade ? forwardableUpgrade(request) : undefined;
  removeHopByHop(request);
  if (acceptsTrailers) request.add('Te', 'trailers');
  // `Connection` belongs to it; what does not know connection options leaves both out.
  if (upgrade !== undefined) request.add('Upgrade', upgrade);
  else request.upgrade = false;
  checkAddedFields(request);
  if (request.targetChanged) checkTarget(request.target);
}

/** A space would make another request line of it. @throws RangeError. */
function checkTarget(target: string): void {
  if (!/^[\x21-\x7e]+$/.test(target)) throw new RangeError(`the target ${JSON.stringify(target)} is not escaped`);
}

/** A middleware may have set the host as if it were any field. */
function takeAddedHost(request: RequestHead): void {
  for (let i = request.addedNames.length - 1; i >= 0; i--) {
    if (request.addedLowerNames[i] !== 'host') continue;
    request.setHost(request.addedValues[i]);
    request.removeAddedAt(i);
  }
}

/**
 * The protocols the client may switch to. Not h2c: inside of such a connection requests would pass by all routers and
 * middlewares, and RFC 9113 §3.1 has done away with it.
 */
function forwardableUpgrade(request: RequestHead): string | undefined {
  const protocols = request
    .getAll('upgrade')
    .join(',')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '' && protocol.toLowerCase() !== 'h2c');
  return protocols.length === 0 ? undefined : protocols.join(', ');
}

/** A head that is sent once more has these fields already. */
function frameForHttp1(exchange: HttpExchange): void {
  const { request } = exchange;
  const upgrade = request.upgrade ? request.get('upgrade') : undefined;
  if (upgrade !== undefined) {
    request.set('Connection', 'Upgrade');
    request.set('Upgrade', upgrade);
  }
  if (requestIsChunked(exchange)) {
    request.removeId(Field.CONTENT_LENGTH);
    request.set('Transfer-Encoding', 'chunked');
  } else frameLength(request);
}

/** Content-Length as everybody reads it, where there is to be one. */
export function frameLength(request: RequestHead): void {
  if (request.lengthUnusual) {
    // Zeros in front or tabs: a server may read another length, or none.
    request.removeId(Field.CONTENT_LENGTH);
  } else if (request.bodyKind !== BodyKind.LENGTH || request.hasReceived(Field.CONTENT_LENGTH)) return;
  request.set('Content-Length', String(request.bodyBytes));
}

/** How the body goes upstream. */
export function requestIsChunked(exchange: HttpExchange): boolean {
  const { bodyKind } = exchange.request;
  if (bodyKind === BodyKind.CHUNKED || bodyKind === BodyKind.UNTIL_CLOSE) return true;
  return bodyKind !== BodyKind.NONE && exchange.requestTransform !== undefined;
}

/** @throws RangeError when a field value that was added could split the message. */
export function sendRequestHead(exchange: HttpExchange, connection: number): void {
  const { request, context } = exchange;
  const { headWriter: writer, transport } = context;
  frameForHttp1(exchange);
  const { passHostHeader } = exchange.route!.service;
  const { preservePath } = exchange.upstream.server!.record;
  const firstLine = request.count === 0 ? request.headOffset + request.headLength - 2 : request.fields[0];
  const hostKept =
    request.hasLines &&
    passHostHeader &&
    !request.hostChanged &&
    request.host !== '' &&
    request.hasReceived(Field.HOST);
  const lineKept = request.hasLines && !request.targetChanged && !preservePath && request.minorVersion === 1;
  if (lineKept && hostKept) {
    sendKeptLines(transport, connection, request, request.targetOffset - request.method.length - 1);
  } else {
    if (!hostKept) request.removeId(Field.HOST);
    writeFirstLines(exchange, hostKept);
    writer.send(connection);
    sendKeptLines(transport, connection, request, firstLine);
  }
  writeTail(exchange);
  writer.send(connection);
}

function writeFirstLines(exchange: HttpExchange, hostKept: boolean): void {
  const { request } = exchange;
  const writer = exchange.context.headWriter;
  const { record } = exchange.upstream.server!;
  const target = record.preservePath ? joinServerPath(record.path, request) : request.target;
  // Without a host of the client's (HTTP/1.0, or an empty field) the server gets its own.
  const host = exchange.route!.service.passHostHeader && request.host !== '' ? request.host : record.authority;
  writer.begin(request.method.length + target.length + host.length + OWN_LINES_BYTES);
  writer.line(request.method);
  writer.text(' ');
  writer.line(target);
  writer.text(' HTTP/1.1\r\n');
  if (!hostKept) writer.field('Host', host);
}

function writeTail(exchange: HttpExchange): void {
  const { request, context, downstream } = exchange;
  const writer = context.headWriter;
  const block = exchange.forwardedSet ? undefined : downstream.forwardedBlockFor(exchange);
  writer.begin((block?.length ?? 0) + addedFieldsBytes(request) + OWN_LINES_BYTES);
  if (block !== undefined) writer.bytes(block);
  writer.added(request);
  writer.text('\r\n');
}
