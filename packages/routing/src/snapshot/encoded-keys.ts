// Index keys of a rule as numbers, so that building the index compares no text.

import type { IndexKey } from '../plan/index-keys.ts';
import { hashText } from './hashing.ts';
import { BucketKind, PathKind } from './layout.ts';
import type { StringPool } from './string-pool.ts';
import { WordList } from './word-list.ts';

export const KEY_WORDS = 8;
export const KeyWord = {
  HOST_KIND: 0,
  HOST: 1,
  HOST_HASH: 2,
  PATH_KIND: 3,
  PATH: 4,
  PATH_HASH: 5,
  PATH_UNITS: 6,
  COMPLETE: 7,
} as const;

/** PATH_KIND of keys without a path. */
export const ANY_PATH = 2;

export function encodeKeys(keys: readonly IndexKey[], strings: StringPool): Uint32Array {
  const words = new WordList(KEY_WORDS * Math.max(1, keys.length));
  for (const { host, path, complete } of keys) {
    const hostKind = host === undefined ? BucketKind.HOSTLESS : host.wildcard ? BucketKind.WILDCARD : BucketKind.EXACT;
    const pathKind = path === undefined ? ANY_PATH : path.prefix ? PathKind.PREFIX : PathKind.EXACT;
    const pathText = path?.text ?? '';
    for (const hostText of hostTexts(host?.text ?? '')) {
      words.pushAll([hostKind, strings.intern(hostText), hashText(hostText)]);
      words.pushAll([pathKind, strings.intern(pathText), hashText(pathText), pathText.length]);
      words.push(complete ? 1 : 0);
    }
  }
  return words.view().slice();
}

/** A rule with a final dot is also found by the host without it (§4.3 step 7); the converse is done when matching. */
function hostTexts(text: string): string[] {
  return text.endsWith('.') ? [text, text.slice(0, -1)] : [text];
}
