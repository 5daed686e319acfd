// Records of TLS 1.3 made by hand (RFC 8446 §5.2, §7.1), for what no TLS library lets a test send: key updates without end.
// TLS_AES_128_GCM_SHA256 only.

import { createCipheriv, createHmac } from 'node:crypto';

const ALERT = 21;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;
const HASH_BYTES = 32;

function expandLabel(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([length >> 8, length & 255, name.length]), name, Buffer.from([0, 1])]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

/** Seals as the owner of a traffic secret, from its first record on. */
export class Tls13Sealer {
  #secret: Buffer;
  #sequence = 0;

  /** As in a line of the key log: CLIENT_TRAFFIC_SECRET_0. */
  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  data(text: string): Buffer {
    return this.#seal(APPLICATION_DATA, Buffer.from(text));
  }

  closeNotify(): Buffer {
    return this.#seal(ALERT, Buffer.from([1, 0]));
  }

  /** What follows is under the next secret. */
  keyUpdate(requested: boolean): Buffer {
    const record = this.#seal(HANDSHAKE, Buffer.from([24, 0, 0, 1, requested ? 1 : 0]));
    this.#secret = expandLabel(this.#secret, 'traffic upd', HASH_BYTES);
    this.#sequence = 0;
    return record;
  }

  #seal(type: number, content: Buffer): Buffer {
    const length = content.length + 1 + 16;
    const header = Buffer.from([APPLICATION_DATA, 3, 3, length >> 8, length & 255]);
    const nonce = expandLabel(this.#secret, 'iv', 12);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#sequence) >>> 0, 8);
    this.#sequence++;
    const cipher = createCipheriv('aes-128-gcm', expandLabel(this.#secret, 'key', 16), nonce);
    cipher.setAAD(header);
    return Buffer.concat([
      header,
      cipher.update(content),
      cipher.update(Buffer.from([type])),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
  }
}
