// Every way a header block can be refused: a negative code, which decoders return in place of a count, and a sentence for
// the log. No decoding here. Only the two last codes leave the decoder in step with its peer.

export const HpackError = {
  TRUNCATED: -1,
  INTEGER_TOO_LARGE: -2,
  INDEX_ZERO: -3,
  INDEX_UNKNOWN: -4,
  HUFFMAN_PADDING: -5,
  HUFFMAN_EOS: -6,
  SIZE_UPDATE_TOO_LARGE: -7,
  SIZE_UPDATE_LATE: -8,
  TOO_MANY_SIZE_UPDATES: -9,
  SIZE_UPDATE_MISSING: -10,
  HOSTILE_BLOCK: -11,
  LIST_TOO_LARGE: -12,
  TOO_MANY_FIELDS: -13,
} as const;

const MESSAGES: Readonly<Record<keyof typeof HpackError, string>> = {
  TRUNCATED: 'the header block ends within a field',
  INTEGER_TOO_LARGE: 'an integer in the header block is larger or longer than the limit',
  INDEX_ZERO: 'a field of the header block has index 0',
  INDEX_UNKNOWN: 'a field of the header block has an index beyond both tables',
  HUFFMAN_PADDING: 'a Huffman string is padded with more than 7 bits or not with ones',
  HUFFMAN_EOS: 'a Huffman string holds the end-of-string symbol',
  SIZE_UPDATE_TOO_LARGE: 'a dynamic table size update is larger than the setting',
  SIZE_UPDATE_LATE: 'a dynamic table size update does not stand at the beginning of the header block',
  TOO_MANY_SIZE_UPDATES: 'the header block begins with more than two dynamic table size updates',
  SIZE_UPDATE_MISSING: 'the dynamic table size was not lowered after the setting was',
  HOSTILE_BLOCK: 'the decoded fields have several times the bytes of the limit',
  LIST_TOO_LARGE: 'the decoded fields have more bytes than the limit',
  TOO_MANY_FIELDS: 'the header block has more fields than the limit',
};

const MESSAGE_BY_CODE = new Map(
  Object.entries(HpackError).map(([name, code]) => [code as number, MESSAGES[name as keyof typeof HpackError]]),
);

/**
 * True when only this message is too large (431, or a reset of its stream) and the connection may go on. Every other code
 * ends the connection: COMPRESSION_ERROR, or ENHANCE_YOUR_CALM for HOSTILE_BLOCK.
 */
export function isTooLarge(code: number): boolean {
  return code === HpackError.LIST_TOO_LARGE || code === HpackError.TOO_MANY_FIELDS;
}

/** True for a result after which the connection must be ended. */
export function endsConnection(result: number): boolean {
  return result < 0 && !isTooLarge(result);
}

/** What is wrong, as a lower-case clause without full stop. Unknown codes get a generic one. */
export function hpackErrorMessage(code: number): string {
  return MESSAGE_BY_CODE.get(code) ?? 'the header block is malformed';
}
