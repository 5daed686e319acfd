// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding, as PostgreSQL wants it. Pure but for the nonce.
// Proves the password without showing it, and asks the server for a proof that it knows it too.

import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export const SCRAM_MECHANISM = 'SCRAM-SHA-256';
const HASH_BYTES = 32;
const NONCE_BYTES = 18;
/** No channel binding. */
const HEADER = 'n,,';
/** PostgreSQL has 4096 by default; it bounds the work that a server can put on us. */
const ITERATIONS_MAX = 100_000;
const derive = promisify(pbkdf2);

export class ScramClient {
  private readonly password: string;
  private readonly nonce: string;
  private serverSignature: Buffer = Buffer.alloc(0);

  /** @param nonce Default: random */
  constructor(password: string, nonce: string = randomBytes(NONCE_BYTES).toString('base64')) {
    // SASLprep (RFC 4013) is NFKC for what people type; PostgreSQL takes other passwords as they are.
    this.password = password.normalize('NFKC');
    this.nonce = nonce;
  }

  /** The user is in the startup message already. */
  first(user = ''): string {
    return `${HEADER}n=${user},r=${this.nonce}`;
  }

  /** @throws Error when the server's first message is not one, or wants too much */
  async final(serverFirst: string, user = ''): Promise<string> {
    const { r: nonce = '', s: salt = '', i: count = '' } = attributes(serverFirst);
    const iterations = /^\d{1,7}$/.test(count) ? Number(count) : 0;
    if (!nonce.startsWith(this.nonce) || nonce.length === this.nonce.length || salt === '' || iterations === 0) {
      throw new Error('the server does not answer SCRAM as it should');
    }
    if (iterations > ITERATIONS_MAX)
      throw new Error(`the server wants more than ${ITERATIONS_MAX} iterations of SCRAM`);
    const salted = await derive(this.password, Buffer.from(salt, 'base64'), iterations, HASH_BYTES, 'sha256');
    const withoutProof = `c=${Buffer.from(HEADER).toString('base64')},r=${nonce}`;
    const message = `n=${user},r=${this.nonce},${serverFirst},${withoutProof}`;
    this.serverSignature = hmac(hmac(salted, 'Server Key'), message);
    const clientKey = hmac(salted, 'Client Key');
    const proof = hmac(createHash('sha256').update(clientKey).digest(), message);
    for (let index = 0; index < HASH_BYTES; index++) proof[index] ^= clientKey[index];
    return `${withoutProof},p=${proof.toString('base64')}`;
  }

  /** Does the server know the password as well? @throws Error when it does not */
  verify(serverFinal: string): void {
    const signature = Buffer.from(attributes(serverFinal).v ?? '', 'base64');
    if (signature.length !== HASH_BYTES || !timingSafeEqual(signature, this.serverSignature)) {
      throw new Error('the server does not prove that it knows the password');
    }
  }
}

function attributes(message: string): Record<string, string> {
  return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
