// Answers made by the proxy itself, in the three shapes of the HTTP routing reference (PLAIN, TEXT, EMPTY).

import { reasonPhrase } from '@sluice/protocols';

export interface Answer {
  readonly status: number;
  /** Name, value pairs. Content-Length is added by the data path. */
  readonly fields: readonly (readonly [string, string])[];
  /** UTF-8 text. */
  readonly body: string;
}

const PLAIN_FIELDS: Answer['fields'] = [
  ['Content-Type', 'text/plain; charset=utf-8'],
  ['X-Content-Type-Options', 'nosniff'],
];

/** Text with a newline, typed as plain text. */
export function plainAnswer(status: number, text: string): Answer {
  return { status, fields: PLAIN_FIELDS, body: `${text}\n` };
}

/** The standard reason phrase as body, without a type. 499 says `Client Closed Request`. */
export function textAnswer(status: number, fields: Answer['fields'] = []): Answer {
  return { status, fields, body: reasonPhrase(status) };
}

/** Status only. */
export function emptyAnswer(status: number, fields: Answer['fields'] = []): Answer {
  return { status, fields, body: '' };
}
