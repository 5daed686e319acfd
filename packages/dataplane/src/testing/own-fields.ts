// The fields that the proxy under test adds to every request, for comparisons byte for byte.

import { hostname } from 'node:os';

/** @param host as the client asked for it; empty when it did not say. */
export function ownFields(host: string): string {
  const port = /:(\d+)$/.exec(host)?.[1] ?? '80';
  const forwardedHost = host === '' ? '' : `X-Forwarded-Host: ${host}\r\n`;
  return (
    `X-Real-Ip: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: ${port}\r\n${forwardedHost}` +
    `X-Forwarded-Server: ${hostname()}\r\nX-Forwarded-For: 127.0.0.1\r\n`
  );
}

/** Puts the fields in the place of `{own}` (host h) and `{own:HOST}`. */
export function withOwnFields(text: string): string {
  return text.replace(/\{own(?::([^{}]*))?\}/g, (_, host?: string) => ownFields(host ?? 'h'));
}
