// The keys of a client's Initial packets (RFC 9001 §5.2, RFC 9369 §3.3). They follow from what everybody can read, and so protect
// nothing from anybody; they prove that who reads understands the version. Allocates: used once for each new connection.

import { createHmac } from 'node:crypto';
import { QuicVersion } from './quic-header.ts';

export interface InitialKeys {
  readonly key: Buffer;
  readonly iv: Buffer;
  readonly headerKey: Buffer;
}

export const IV_BYTES = 12;
const KEY_BYTES = 16;
const SECRET_BYTES = 32;

const SALT_V1 = Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex');
const SALT_V2 = Buffer.from('0dede3def700a6db819381be6e269dcbf9bd2ed9', 'hex');

/** @param sender whose packets are to be read @param destinationId of the client's first Initial packet */
export function initialKeys(
  version: number,
  destinationId: Uint8Array,
  sender: 'client' | 'server' = 'client',
): InitialKeys {
  const isV2 = version === QuicVersion.V2;
  const initialSecret = hmac(isV2 ? SALT_V2 : SALT_V1, destinationId);
  const secret = expandLabel(initialSecret, `${sender} in`, SECRET_BYTES);
  const prefix = isV2 ? 'quicv2' : 'quic';
  return {
    key: expandLabel(secret, `${prefix} key`, KEY_BYTES),
    iv: expandLabel(secret, `${prefix} iv`, IV_BYTES),
    headerKey: expandLabel(secret, `${prefix} hp`, KEY_BYTES),
  };
}

/** HKDF-Expand-Label of RFC 8446 §7.1 without context, for what fits into one block of SHA-256. */
function expandLabel(secret: Buffer, label: string, bytes: number): Buffer {
  const text = `tls13 ${label}`;
  const info = Buffer.concat([Buffer.of(0, bytes, text.length), Buffer.from(text, 'latin1'), Buffer.of(0, 1)]);
  return hmac(secret, info).subarray(0, bytes);
}

function hmac(key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
