// Certificates for tests, made while they run: authorities, servers and clients, of RSA and EC keys, also expired ones.
// Writes just enough DER (X.690) for X.509 (RFC 5280). For tests only: nothing here is checked.

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export interface Issued {
  /** PEM: the certificate, then those of its issuers without the topmost. */
  readonly chain: string;
  readonly key: string;
  /** DER of the certificate alone. */
  readonly der: Buffer;
  readonly privateKey: KeyObject;
  readonly name: Buffer;
  readonly selfSigned: boolean;
}

export interface Wish {
  readonly type?: 'ec' | 'rsa';
  readonly commonName?: string;
  /** DNS names and IPv4 addresses. */
  readonly names?: readonly string[];
  readonly authority?: boolean;
  readonly usage?: 'server' | 'client';
  /** Days from now; negative: it has expired. Default 10. */
  readonly days?: number;
  /** Default: signs itself. */
  readonly issuer?: Issued;
}

const DAY_MS = 86_400_000;
const OID = {
  commonName: '550403',
  basicConstraints: '551d13',
  alternativeNames: '551d11',
  extendedUsage: '551d25',
  server: '2b06010505070301',
  client: '2b06010505070302',
  ecdsaSha256: '2a8648ce3d040302',
  rsaSha256: '2a864886f70d01010b',
};

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));

function time(ms: number): Buffer {
  const text = new Date(ms)
    .toISOString()
    .replace(/[-:T]|\.\d+/g, '')
    .slice(2);
  return der(0x17, Buffer.from(text));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(commonName)))));
}

function algorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'rsa' ? sequence(oid(OID.rsaSha256), der(0x05)) : sequence(oid(OID.ecdsaSha256));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
}

function alternativeName(name: string): Buffer {
  const address = /^\d+\.\d+\.\d+\.\d+$/.test(name);
  return address ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name));
}

function extensions(wish: Wish): Buffer {
  const list: Buffer[] = [];
  if (wish.authority) {
    list.push(extension(OID.basicConstraints, true, sequence(der(0x01, Buffer.from([0xff])))));
  }
  if (wish.usage) list.push(extension(OID.extendedUsage, false, sequence(oid(OID[wish.usage]))));
  const names = wish.names ?? [];
  if (names.length > 0) list.push(extension(OID.alternativeNames, false, sequence(...names.map(alternativeName))));
  return list.length === 0 ? Buffer.alloc(0) : der(0xa3, sequence(...list));
}

function pem(bytes: Buffer): string {
  // No line may be empty, not even the last one.
  const lines = bytes.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

export function issue(wish: Wish = {}): Issued {
  const { publicKey, privateKey } =
    wish.type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = distinguishedName(wish.commonName ?? wish.names?.[0] ?? 'test');
  const signer = wish.issuer?.privateKey ?? privateKey;
  const end = Date.now() + (wish.days ?? 10) * DAY_MS;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm(signer),
    wish.issuer?.name ?? name,
    sequence(time(Math.min(Date.now(), end) - DAY_MS), time(end)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions(wish),
  );
  const signature = sign('sha256', body, signer);
  const whole = sequence(body, algorithm(signer), der(0x03, Buffer.from([0]), signature));
  const above = wish.issuer !== undefined && !wish.issuer.selfSigned ? wish.issuer.chain : '';
  return {
    chain: pem(whole) + above,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    der: whole,
    privateKey,
    name,
    selfSigned: wish.issuer === undefined,
  };
}
