// Refusal of encodings that upstreams are known to read in different ways. Works on the escaped path only.

import { decodedByte, percentEncoding } from './path-class.ts';

/** Keys as in the configuration (`http.encodedCharacters` of an entry point, `encodedCharacters` middleware). */
export interface EncodedCharacterFlags {
  readonly allowEncodedSlash: boolean;
  readonly allowEncodedBackSlash: boolean;
  readonly allowEncodedNullCharacter: boolean;
  readonly allowEncodedSemicolon: boolean;
  readonly allowEncodedPercent: boolean;
  readonly allowEncodedQuestionMark: boolean;
  readonly allowEncodedHash: boolean;
}

const FLAG_BYTES: readonly (readonly [keyof EncodedCharacterFlags, number])[] = [
  ['allowEncodedSlash', 0x2f],
  ['allowEncodedBackSlash', 0x5c],
  ['allowEncodedNullCharacter', 0x00],
  ['allowEncodedSemicolon', 0x3b],
  ['allowEncodedPercent', 0x25],
  ['allowEncodedQuestionMark', 0x3f],
  ['allowEncodedHash', 0x23],
];

const bitOfByte = new Uint8Array(256);
FLAG_BYTES.forEach(([, byte], index) => {
  bitOfByte[byte] = 1 << index;
});

/** Bit mask of the denied characters, for `deniedCharacter`; 0 when all are allowed. */
export function encodedCharacterMask(flags: EncodedCharacterFlags): number {
  let mask = 0;
  for (const [flag, byte] of FLAG_BYTES) {
    if (!flags[flag]) mask |= bitOfByte[byte];
  }
  return mask;
}

/** First denied encoding in the path, as upper-case `%XX`, or undefined. Literal characters are never denied. */
export function deniedCharacter(path: string, mask: number): string | undefined {
  if (mask === 0) return undefined;
  for (let at = path.indexOf('%'); at !== -1; at = path.indexOf('%', at + 1)) {
    const byte = decodedByte(path, at);
    if (byte !== -1 && (bitOfByte[byte] & mask) !== 0) return percentEncoding(byte);
  }
  return undefined;
}
