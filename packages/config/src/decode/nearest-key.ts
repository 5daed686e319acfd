// The known word nearest to a mistyped one, for hints. Comparison ignores case.

import { distance } from 'fastest-levenshtein';

/** Words longer than this are not compared. */
const WORD_MAX_CHARACTERS = 100;

/** Undefined when nothing is near enough to be what was meant. */
export function nearestKey(word: string, known: Iterable<string>): string | undefined {
  if (word.length > WORD_MAX_CHARACTERS) return undefined;
  const lower = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(word.length < 4 ? 1 : 2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const current = wordDistance(lower, candidate.toLowerCase());
    if (current >= bestDistance) continue;
    best = candidate;
    bestDistance = current;
  }
  return best;
}

/** Abbreviations (`prio` for `priority`) count as one change. */
function wordDistance(word: string, candidate: string): number {
  return word.length >= 3 && word !== candidate && candidate.startsWith(word) ? 1 : distance(word, candidate);
}

/** ` (did you mean …)` as the `hint` of a diagnostic; an empty object when there is no near word. */
export function nearestKeyHint(word: string, known: Iterable<string>): { readonly hint?: string } {
  const nearest = nearestKey(word, known);
  return nearest === undefined ? {} : { hint: `did you mean "${nearest}"?` };
}
