// X-Forwarded-* and X-Real-Ip (reference/http-services §9): what an untrusted peer says of them is removed, then ours
// are set. When nobody looks at them in between they go out as one prepared block per connection, without any strings.

import { FIELD_NAMES, FIELD_WORDS, Field, type RequestHead } from '@sluice/protocols';
import { portOf } from './canonical-host.ts';
import type { HttpExchange } from './http-exchange.ts';

const MANAGED_IDS = [
  Field.X_FORWARDED_PROTO,
  Field.X_FORWARDED_FOR,
  Field.X_FORWARDED_HOST,
  Field.X_FORWARDED_PORT,
  Field.X_FORWARDED_SERVER,
  Field.X_FORWARDED_URI,
  Field.X_FORWARDED_METHOD,
  Field.X_FORWARDED_PREFIX,
  Field.X_FORWARDED_SCHEME,
  Field.X_FORWARDED_TLS_CLIENT_CERT,
  Field.X_FORWARDED_TLS_CLIENT_CERT_INFO,
  Field.X_SCHEME,
  Field.X_REAL_IP,
];
const MANAGED_MASK = MANAGED_IDS.reduce((mask: number, id) => mask | (1 << id), 0);
const UNDERSCORE = 0x5f;

const MANAGED_NAMES: ReadonlySet<string> = new Set(MANAGED_IDS.map((id) => FIELD_NAMES[id]));

export function isForwardedField(lowerName: string): boolean {
  return MANAGED_NAMES.has(lowerName);
}

/** Removes the managed set, also spelled with underscores. */
export function removeForwardedFields(request: RequestHead): void {
  if ((request.receivedIds & MANAGED_MASK) !== 0) {
    for (const id of MANAGED_IDS) request.removeId(id);
  }
  removeUnderscoreSpellings(request);
}

/** `X_Forwarded_For` and the like: many servers read them as the real thing. */
function removeUnderscoreSpellings(request: RequestHead): void {
  const { fields, bytes, count } = request;
  for (let index = 0; index < count; index++) {
    const at = index * FIELD_WORDS;
    if (fields[at + 4] !== Field.OTHER) continue;
    const start = fields[at];
    // Only names that begin with x and hold an underscore are worth a string.
    if ((bytes[start] | 0x20) !== 0x78) continue;
    for (let i = start + 1; i < start + fields[at + 1]; i++) {
      if (bytes[i] !== UNDERSCORE) continue;
      if (isForwardedField(request.nameAt(index).replaceAll('_', '-'))) request.removeAt(index);
      break;
    }
  }
}

/** True when no managed field is left: the prepared block is all there is to say. */
export function canUseForwardedBlock(exchange: HttpExchange): boolean {
  const { request } = exchange;
  return (
    !exchange.forwardedSet &&
    !exchange.forwardedForSuppressed &&
    !request.upgrade &&
    ((request.receivedIds & MANAGED_MASK) === 0 || !exchange.downstream.peerTrusted)
  );
}

/** Puts our values into the head (once): from now on rules and middlewares see them and may change them. */
export function setForwardedFields(exchange: HttpExchange): void {
  if (exchange.forwardedSet) return;
  exchange.forwardedSet = true;
  const { request, downstream, secure } = exchange;
  if (!request.get('x-real-ip')) request.set('X-Real-Ip', downstream.peer.text);
  if (!request.get('x-forwarded-proto')) {
    const plain = isWebSocket(request) ? 'ws' : 'http';
    request.set('X-Forwarded-Proto', secure ? `${plain}s` : plain);
  }
  const proto = request.get('x-forwarded-proto')!;
  if (!request.get('x-forwarded-port')) request.set('X-Forwarded-Port', forwardedPort(request.host, proto, secure));
  if (downstream.entryPoint.configuration.forwardedHeaders.addXForwardedSchemeHeaders) {
    request.set('X-Forwarded-Scheme', proto);
    request.set('X-Scheme', proto);
  }
  if (!request.get('x-forwarded-host') && request.host !== '') request.set('X-Forwarded-Host', request.host);
  const chain = request.getAll('x-forwarded-for');
  if (chain.length > 1) request.set('X-Forwarded-For', chain.join(', '));
  request.set('X-Forwarded-Server', exchange.context.serverName);
}

/** Appends the peer, as the last thing before the request goes out. */
export function appendForwardedFor(exchange: HttpExchange): void {
  const { request, downstream } = exchange;
  if (exchange.forwardedForSuppressed) return;
  if (downstream.entryPoint.configuration.forwardedHeaders.notAppendXForwardedFor) return;
  const prior = request.get('x-forwarded-for');
  request.set('X-Forwarded-For', prior ? `${prior}, ${downstream.peer.text}` : downstream.peer.text);
}

/** The block for requests in which nothing of the managed set was received: lines with their ends. */
export function forwardedBlock(exchange: HttpExchange): string {
  const { downstream, secure, context, request } = exchange;
  const { notAppendXForwardedFor, addXForwardedSchemeHeaders } = downstream.entryPoint.configuration.forwardedHeaders;
  const proto = secure ? 'https' : 'http';
  const peer = downstream.peer.text;
  let block = `X-Real-Ip: ${peer}\r\nX-Forwarded-Proto: ${proto}\r\n`;
  block += `X-Forwarded-Port: ${forwardedPort(request.host, proto, secure)}\r\n`;
  if (addXForwardedSchemeHeaders) block += `X-Forwarded-Scheme: ${proto}\r\nX-Scheme: ${proto}\r\n`;
  if (request.host !== '') block += `X-Forwarded-Host: ${request.host}\r\n`;
  block += `X-Forwarded-Server: ${context.serverName}\r\n`;
  if (!notAppendXForwardedFor) block += `X-Forwarded-For: ${peer}\r\n`;
  return block;
}

function forwardedPort(host: string, proto: string, secure: boolean): string {
  return portOf(host) ?? (secure || proto === 'https' || proto === 'wss' ? '443' : '80');
}

function isWebSocket(request: RequestHead): boolean {
  return (
    request.upgrade &&
    (request.get('upgrade') ?? '')
      .toLowerCase()
      .split(',')
      .some((token) => token.trim() === 'websocket')
  );
}
