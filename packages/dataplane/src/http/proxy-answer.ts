// Answers that the proxy itself gives, as response heads: those of middlewares and those of the error catalogue.

import type { CatalogueEntry } from '@sluice/errors';
import { type Answer, emptyAnswer, plainAnswer, textAnswer } from '@sluice/middlewares/behaviours';
import type { ResponseHead } from '@sluice/protocols';

const NO_BYTES = Buffer.alloc(0);

export function answerFor(entry: CatalogueEntry): Answer {
  if (entry.body === 'plain') return plainAnswer(entry.status, entry.bodyText);
  return entry.body === 'text' ? textAnswer(entry.status) : emptyAnswer(entry.status);
}

/** Turns `response` into the answer's head. Framing fields are left to whoever writes it. */
export function composeAnswer(response: ResponseHead, answer: Answer): void {
  response.clear(NO_BYTES);
  response.headLength = 0;
  response.setStatus(answer.status);
  for (const [name, value] of answer.fields) response.add(name, value);
}
