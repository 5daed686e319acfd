// The handshake of WebSocket in HTTP/1 (RFC 6455 §4), of which we take the client's part when it speaks HTTP/2.

import { createHash, randomBytes } from 'node:crypto';

const KEY_BYTES = 16;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export function newWebSocketKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

/** What a server must answer to the key. */
export function webSocketAccept(key: string): string {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64');
}
