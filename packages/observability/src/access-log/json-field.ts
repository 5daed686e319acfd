// The fields of a JSON line: what is written for each of them. A field that has nothing to say is left out.
// Every member begins with its comma. Allocates nothing, except for GzipRatio.

import type { AccessLogField } from '@sluice/config';
import type { AccessRecord } from './access-record.ts';
import type { ConstantText } from './constant-text.ts';
import { HostParts } from './host-parts.ts';
import { flatText, type LineBuffer } from './line-buffer.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const NANOSECONDS = 1_000_000;

/** `key`: as `jsonKey` makes it. */
export type JsonFieldWriter = (key: string, record: AccessRecord, line: LineBuffer) => void;

/** `,"name":`, for names that need no escape. */
export function jsonKey(name: string): string {
  return flatText(`,"${name}":`);
}

/** One object is enough: it is asked right after it was filled. */
const hostParts = new HostParts();

/** All but the path, which depends on an option, and the times, which are made with the line. */
export const JSON_FIELD_WRITERS = {
  ClientAddr: (key, { client }, line) => {
    const isBracketed = client.ip.includes(':');
    line.text(key);
    line.byte(QUOTE);
    if (isBracketed) line.byte(OPEN_BRACKET);
    writeValue(line, client.ip);
    if (isBracketed) line.byte(CLOSE_BRACKET);
    line.byte(COLON);
    line.integer(client.port);
    line.byte(QUOTE);
  },
  ClientHost: (key, { client, forwardedFor }, line) => writeText(key, line, forwardedFor || client.ip),
  ClientPort: (key, { client }, line) => {
    line.text(key);
    line.byte(QUOTE);
    line.integer(client.port);
    line.byte(QUOTE);
  },
  ClientUsername: (key, { user }, line) => writeText(key, line, user || '-'),
  ConnectionEnd: (key, { connectionEnd }, line) => {
    if (connectionEnd !== '') writeText(key, line, connectionEnd);
  },
  DownstreamContentSize: (key, { bytes }, line) => writeNumber(key, line, bytes),
  DownstreamStatus: (key, { status }, line) => writeNumber(key, line, status),
  Duration: (key, { durationMs }, line) => writeNumber(key, line, nanoseconds(durationMs)),
  /** Only where a middleware has changed how much is sent. */
  GzipRatio: (key, { bytes, originBytes }, line) => {
    if (bytes === 0 || bytes === originBytes) return;
    line.text(key);
    writeValue(line, String(originBytes / bytes));
  },
  OriginContentSize: (key, { originBytes }, line) => writeNumber(key, line, originBytes),
  OriginDuration: (key, { originDurationMs }, line) => writeNumber(key, line, nanoseconds(originDurationMs)),
  OriginStatus: (key, { originStatus }, line) => writeNumber(key, line, originStatus),
  Overhead: (key, { durationMs, originDurationMs }, line) =>
    writeNumber(key, line, nanoseconds(durationMs) - nanoseconds(originDurationMs)),
  RequestAddr: (key, { host }, line) => {
    if (host !== '') writeText(key, line, host);
  },
  RequestContentSize: (key, { requestBytes }, line) => writeNumber(key, line, requestBytes),
  RequestCount: (key, { count }, line) => writeNumber(key, line, count),
  RequestHost: (key, { host }, line) => {
    if (host === '') return;
    hostParts.split(host);
    writeText(key, line, host, hostParts.hostStart, hostParts.hostEnd);
  },
  RequestMethod: (key, { method }, line) => writeText(key, line, method),
  RequestPort: (key, { host }, line) => {
    if (host === '') return;
    hostParts.split(host);
    if (hostParts.portStart === -1) writeText(key, line, '-');
    else writeText(key, line, host, hostParts.portStart);
  },
  RequestProtocol: (key, { protocol }, line) => writeText(key, line, protocol),
  RequestScheme: (key, { protocol, secure }, line) => {
    // Connections of TCP and flows of UDP have none.
    if (protocol.startsWith('HTTP/')) writeText(key, line, secure ? 'https' : 'http');
  },
  RetryAttempts: (key, { retries }, line) => writeNumber(key, line, retries),
  RouterName: (key, { router }, line) => writeName(key, line, router),
  ServiceAddr: (key, { server }, line) => writeName(key, line, server?.address),
  ServiceName: (key, { server }, line) => writeName(key, line, server?.service),
  ServiceURL: (key, { server }, line) => writeName(key, line, server?.url),
  TLSCipher: (key, { tls }, line) => writeText(key, line, tls!.cipher),
  TLSClientSubject: (key, { tls }, line) => {
    if (tls!.clientSubject !== '') writeText(key, line, tls!.clientSubject);
  },
  TLSVersion: (key, { tls }, line) => writeText(key, line, tls!.version),
} as const satisfies Partial<Record<AccessLogField, JsonFieldWriter>>;

function writeNumber(key: string, line: LineBuffer, value: number): void {
  line.text(key);
  line.integer(value);
}

function writeText(key: string, line: LineBuffer, value: string, from = 0, to: number = value.length): void {
  line.text(key);
  line.byte(QUOTE);
  writeValue(line, value, from, to);
  line.byte(QUOTE);
}

function writeName(key: string, line: LineBuffer, name: ConstantText | undefined): void {
  if (name === undefined) return;
  line.text(key);
  line.byte(QUOTE);
  line.text(name.json);
  line.byte(QUOTE);
}

function writeValue(line: LineBuffer, value: string, from = 0, to: number = value.length): void {
  line.beginValue();
  line.json(value, from, to);
  line.endValue();
}

function nanoseconds(milliseconds: number): number {
  return Math.round(milliseconds * NANOSECONDS);
}
