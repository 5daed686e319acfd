// Helpers of the tests of QUIC: seals Initial packets field by field, as a client does, and makes frames for them.

import { createCipheriv } from 'node:crypto';
import { IV_BYTES, initialKeys } from './initial-keys.ts';
import { QuicVersion } from './quic-header.ts';

export const DCID: Buffer = Buffer.from('8394c8f03e515708', 'hex');
const FIRST_BYTES = new Map<number, number>([
  [QuicVersion.V1, 0xc0],
  [QuicVersion.V2, 0xd0],
]);

export interface InitialParts {
  readonly version?: number;
  readonly destinationId?: Buffer;
  readonly sourceId?: Buffer;
  readonly token?: Buffer;
  readonly number?: number;
  readonly numberBytes?: number;
  readonly frames?: Buffer;
  /** The packet is filled with PADDING up to so many bytes. */
  readonly packetBytes?: number;
  /** Whose connection id the keys come from. Default: `destinationId` */
  readonly keyId?: Buffer;
}

export function varint(value: number, width?: number): Buffer {
  const bytes = width ?? (value < 64 ? 1 : value < 16_384 ? 2 : value < 2 ** 30 ? 4 : 8);
  const buffer = Buffer.alloc(bytes);
  if (bytes === 8) buffer.writeBigUInt64BE(BigInt(value));
  else buffer.writeUIntBE(value, 0, bytes);
  buffer[0] |= Math.log2(bytes) << 6;
  return buffer;
}

export function cryptoFrame(offset: number, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0x06), varint(offset), varint(data.length), data]);
}

export function sealInitial(parts: InitialParts = {}): Buffer {
  const { version = QuicVersion.V1, destinationId = DCID, sourceId = Buffer.alloc(0), token = Buffer.alloc(0) } = parts;
  const { number = 0, numberBytes = 4, frames = Buffer.of(1), packetBytes = 1200, keyId = destinationId } = parts;
  const ids = [Buffer.of(destinationId.length), destinationId, Buffer.of(sourceId.length), sourceId];
  const head = Buffer.concat([
    Buffer.of(FIRST_BYTES.get(version)! | (numberBytes - 1), 0, 0, 0, 0),
    ...ids,
    varint(token.length),
    token,
  ]);
  head.writeUInt32BE(version, 1);
  const padding = Math.max(0, packetBytes - head.length - 2 - numberBytes - frames.length - 16);
  const payload = Buffer.concat([frames, Buffer.alloc(padding)]);
  const packetNumber = Buffer.alloc(numberBytes);
  packetNumber.writeUIntBE(number, 0, numberBytes);
  const header = Buffer.concat([head, varint(numberBytes + payload.length + 16, 2), packetNumber]);
  return protect(header, payload, packetNumber, initialKeys(version, keyId));
}

function protect(header: Buffer, payload: Buffer, number: Buffer, keys: ReturnType<typeof initialKeys>): Buffer {
  const nonce = Buffer.from(keys.iv);
  for (const [index, byte] of number.entries()) nonce[IV_BYTES - number.length + index] ^= byte;
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce).setAAD(header);
  const packet = Buffer.concat([header, cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
  const numberOffset = header.length - number.length;
  const sample = packet.subarray(numberOffset + 4, numberOffset + 20);
  const mask = createCipheriv('aes-128-ecb', keys.headerKey, null).update(sample);
  packet[0] ^= mask[0] & 0x0f;
  for (let index = 0; index < number.length; index++) packet[numberOffset + index] ^= mask[1 + index];
  return packet;
}
