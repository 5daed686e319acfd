// The static table (RFC 7541, appendix A) as bytes and records of the same shape as those of the dynamic table.
// Constant; made at module load.

import { ENTRY_WORDS } from './dynamic-table.ts';
import { nameMeta, valueMeta } from './field-meta.ts';

/** Index 1 is the first. */
// biome-ignore format: groups of entries with the same name on one line
export const STATIC_FIELDS: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'], [':method', 'POST'],
  [':path', '/'], [':path', '/index.html'],
  [':scheme', 'http'], [':scheme', 'https'],
  [':status', '200'], [':status', '204'], [':status', '206'], [':status', '304'], [':status', '400'], [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

export const STATIC_COUNT = STATIC_FIELDS.length;

/** Names, each followed by its value. */
export const STATIC_BYTES = Buffer.from(STATIC_FIELDS.map(([name, value]) => name + value).join(''), 'latin1');
export const STATIC_VIEW = new DataView(STATIC_BYTES.buffer, STATIC_BYTES.byteOffset, STATIC_BYTES.length);

/** `ENTRY_WORDS` for each entry, from index 1 on; index 0 is empty. */
export const STATIC_RECORDS = makeRecords();

/** First index of each name. */
export const STATIC_INDEX_BY_NAME: ReadonlyMap<string, number> = new Map(
  STATIC_FIELDS.map(([name], index) => [name, index + 1] as const).reverse(),
);

/** Last index with the same name as an index. */
export const STATIC_LAST_INDEX = Uint8Array.from([
  0,
  ...STATIC_FIELDS.map(([name]) => STATIC_FIELDS.findLastIndex((field) => field[0] === name) + 1),
]);

function makeRecords(): Int32Array {
  const records = new Int32Array((STATIC_COUNT + 1) * ENTRY_WORDS);
  let offset = 0;
  STATIC_FIELDS.forEach(([{ length: nameLength }, { length: valueLength }], index) => {
    const name = nameMeta(STATIC_BYTES, STATIC_VIEW, offset, nameLength);
    const value = valueMeta(STATIC_BYTES, STATIC_VIEW, offset + nameLength, valueLength);
    records.set([offset, nameLength, valueLength, name | value], (index + 1) * ENTRY_WORDS);
    offset += nameLength + valueLength;
  });
  return records;
}
