// Configuration text on its way into header fields: checked once when a middleware is decoded or made, never per request.
// The last door before the wire checks again (`writeAddedFields` of the protocols package) and would end the exchange.

import { isFieldName } from '@sluice/protocols';

/** HTAB is the only control character a value may have. */
const FORBIDDEN_IN_VALUE = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Why `name` cannot be a header name, as the second half of a sentence; undefined when it can. */
export function fieldNameProblem(name: string): string | undefined {
  return isFieldName(name) ? undefined : 'is not a header name';
}

/** Why `value` cannot be a header value, as the second half of a sentence; undefined when it can. */
export function fieldValueProblem(value: string): string | undefined {
  return FORBIDDEN_IN_VALUE.test(value) ? 'must not contain line ends or other control characters' : undefined;
}

/**
 * The form header tables take: one character per byte of the UTF-8 text, without spaces around it.
 * @throws Error when the value has control characters.
 */
export function fieldText(value: string): string {
  const problem = fieldValueProblem(value);
  if (problem !== undefined) throw new Error(`the header value ${JSON.stringify(value)} ${problem}`);
  return Buffer.from(value.trim(), 'utf8').toString('latin1');
}
