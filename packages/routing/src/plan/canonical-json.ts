// JSON with sorted keys, so that equal values give equal text and equal hashes.

import { hash } from 'node:crypto';

/** Undefined properties are left out, as by JSON.stringify; bigints become decimal strings. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === 'bigint') return member.toString();
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    const sorted: Record<string, unknown> = Object.create(null);
    for (const key of Object.keys(member).sort()) sorted[key] = (member as Record<string, unknown>)[key];
    return sorted;
  });
}

/** 32 hexadecimal digits that stand for a value's content; stable across processes and restarts. */
export function contentHash(value: unknown): string {
  return textHash(canonicalJson(value));
}

/** The same of a text. */
export function textHash(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32);
}
