// An OCSP response (RFC 6960 §4.2.1) taken apart. Every byte is hostile: lengths and counts are bounded.
// Verifies nothing and decides nothing.

import { DerError, DerReader, DerTag, derInteger, readDerTime } from '@sluice/protocols';

export type OcspStatus = 'good' | 'revoked' | 'unknown';

/** What is said of one certificate. */
export interface SingleResponse {
  /** Object identifier, hexadecimal. */
  readonly hashAlgorithm: string;
  readonly issuerNameHash: Buffer;
  readonly issuerKeyHash: Buffer;
  readonly serialNumber: bigint;
  readonly status: OcspStatus;
  /** Milliseconds since the epoch. */
  readonly thisUpdateMs: number;
  /** Undefined: newer words can be had at any time. */
  readonly nextUpdateMs: number | undefined;
}

export interface OcspResponse {
  /** What is signed. */
  readonly signedDer: Buffer;
  /** Object identifier, hexadecimal. */
  readonly signatureAlgorithm: string;
  readonly signature: Buffer;
  /** Exactly one is there. */
  readonly responderName: Buffer | undefined;
  readonly responderKeyHash: Buffer | undefined;
  readonly responses: readonly SingleResponse[];
  /** DER, as they were sent along. */
  readonly certificates: readonly Buffer[];
}

/** 1.3.6.1.5.5.7.48.1.1 */
const BASIC = '2b0601050507300101';
const STATUS_NAMES = ['successful', 'malformedRequest', 'internalError', '', 'tryLater', 'sigRequired', 'unauthorized'];
const FIRST = 0xa0;
const SECOND = 0xa1;
const THIRD = 0xa2;
const STATUS_OF_TAG: ReadonlyMap<number, OcspStatus> = new Map([
  [0x80, 'good'],
  [0xa1, 'revoked'],
  [0x82, 'unknown'],
]);
/** One certificate was asked for; responders that answer for a batch of them stay far below. */
const RESPONSES_MAX = 100;
const CERTIFICATES_MAX = 10;

/** Buffers in the result are views of `der`. @throws DerError also for a responder that refuses. */
export function parseOcspResponse(der: Buffer): OcspResponse {
  const whole = new DerReader(der);
  const outer = whole.enter(DerTag.SEQUENCE);
  whole.finish();
  const status = outer.read(DerTag.ENUMERATED);
  if (status.length !== 1 || status[0] !== 0) {
    throw new DerError(`the responder says ${STATUS_NAMES[status[0] ?? -1] || `status ${status.toString('hex')}`}`);
  }
  const typed = outer.enter(FIRST).enter(DerTag.SEQUENCE);
  if (typed.read(DerTag.OBJECT_IDENTIFIER).toString('hex') !== BASIC) throw new DerError('not a basic response');
  const basic = new DerReader(typed.read(DerTag.OCTET_STRING)).enter(DerTag.SEQUENCE);
  const signedDer = basic.readWhole();
  const signatureAlgorithm = basic.enter(DerTag.SEQUENCE).read(DerTag.OBJECT_IDENTIFIER).toString('hex');
  const signature = basic.read(DerTag.BIT_STRING).subarray(1);
  const certificates: Buffer[] = [];
  if (basic.tag === FIRST) {
    const list = basic.enter(FIRST).enter(DerTag.SEQUENCE);
    while (!list.isAtEnd && certificates.length < CERTIFICATES_MAX) certificates.push(list.readWhole());
  }
  return { signedDer, signatureAlgorithm, signature, ...readResponseData(signedDer), certificates };
}

function readResponseData(signedDer: Buffer): Pick<OcspResponse, 'responderName' | 'responderKeyHash' | 'responses'> {
  const data = new DerReader(signedDer).enter(DerTag.SEQUENCE);
  data.skip(FIRST);
  let responderName: Buffer | undefined;
  let responderKeyHash: Buffer | undefined;
  if (data.tag === SECOND) responderName = data.read(SECOND);
  else responderKeyHash = data.enter(THIRD).read(DerTag.OCTET_STRING);
  readDerTime(data);
  const list = data.enter(DerTag.SEQUENCE);
  const responses: SingleResponse[] = [];
  while (!list.isAtEnd) {
    if (responses.length === RESPONSES_MAX) throw new DerError(`more than ${RESPONSES_MAX} certificates`);
    responses.push(readSingle(list.enter(DerTag.SEQUENCE)));
  }
  return { responderName, responderKeyHash, responses };
}

function readSingle(single: DerReader): SingleResponse {
  const id = single.enter(DerTag.SEQUENCE);
  const hashAlgorithm = id.enter(DerTag.SEQUENCE).read(DerTag.OBJECT_IDENTIFIER).toString('hex');
  const issuerNameHash = id.read(DerTag.OCTET_STRING);
  const issuerKeyHash = id.read(DerTag.OCTET_STRING);
  const serialNumber = derInteger(id.read(DerTag.INTEGER));
  const { tag } = single;
  const status = STATUS_OF_TAG.get(tag);
  if (status === undefined) throw new DerError('a certificate has no known status');
  single.read(tag);
  const thisUpdateMs = readDerTime(single);
  const nextUpdateMs = single.tag === FIRST ? readDerTime(single.enter(FIRST)) : undefined;
  return { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber, status, thisUpdateMs, nextUpdateMs };
}
