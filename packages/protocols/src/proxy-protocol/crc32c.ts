// CRC-32C (Castagnoli, RFC 9260 appendix A): the checksum of PROXY headers. Nobody else's; allocates its table once.

/** The polynomial 0x1edc6f41 with its bits turned around. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = checksums();

/** @param before of the bytes in front of these. Default: there are none @returns 0 to 2^32-1 */
export function crc32c(bytes: Uint8Array, start: number, end: number, before = 0): number {
  let sum = ~before;
  for (let at = start; at < end; at++) sum = TABLE[(sum ^ bytes[at]) & 0xff] ^ (sum >>> 8);
  return ~sum >>> 0;
}

function checksums(): Int32Array {
  const table = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1;
    table[byte] = sum;
  }
  return table;
}
