// Single DER values turned into what TypeScript has: text, instants, big integers. Pure; the reader has checked the bounds.

import { DerError, type DerReader, DerTag } from './der-reader.ts';

/** `YYYYMMDDHHMMSSZ`, the only form of RFC 5280 §4.1.2.5.2. */
const GENERALIZED = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** Two's complement, most significant byte first, as INTEGER has it. */
export function derInteger(content: Buffer): bigint {
  if (content.length === 0) throw new DerError('an integer is empty');
  return BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`));
}

/** The next element as an instant, milliseconds since the epoch. Two digits of a year are 1950 to 2049. @throws DerError */
export function readDerTime(reader: DerReader): number {
  const isShort = reader.tag === DerTag.UTC_TIME;
  const text = reader.read(isShort ? DerTag.UTC_TIME : DerTag.GENERALIZED_TIME).toString('latin1');
  const century = text < '50' ? '20' : '19';
  const parts = GENERALIZED.exec(isShort ? century + text : text);
  if (parts === null) throw new DerError('a time is not in the form of certificates');
  const [, year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time)) throw new DerError('a time does not exist');
  return time;
}

/** Text of a string type; undefined for every other type. Bytes that do not fit become U+FFFD. */
export function derText(tag: number, content: Buffer): string | undefined {
  switch (tag) {
    case DerTag.UTF8_STRING:
      return content.toString('utf8');
    case DerTag.NUMERIC_STRING:
    case DerTag.PRINTABLE_STRING:
    case DerTag.IA5_STRING:
    case DerTag.T61_STRING:
      return content.toString('latin1');
    case DerTag.BMP_STRING:
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le').toWellFormed() : undefined;
    case DerTag.UNIVERSAL_STRING:
      return content.length % 4 === 0 ? universalText(content) : undefined;
    default:
      return undefined;
  }
}

function universalText(content: Buffer): string {
  let text = '';
  for (let at = 0; at < content.length; at += 4) {
    const point = content.readUInt32BE(at);
    text += point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point);
  }
  return text.toWellFormed();
}
