// What makes a decoded field malformed in HTTP/2 (RFC 9113 §8.2.1, §8.3): an error of its stream, never of the compression.
// Codes and sentences only; `field-meta.ts` looks at the bytes.

/** 0: nothing is wrong. */
export const FieldFault = {
  NONE: 0,
  EMPTY_NAME: 1,
  UPPER_CASE_NAME: 2,
  BAD_NAME: 3,
  UNKNOWN_PSEUDO: 4,
  CONTROL_BYTE: 5,
  OUTER_SPACE: 6,
  DUPLICATE_PSEUDO: 7,
  LATE_PSEUDO: 8,
} as const;

const MESSAGES: readonly string[] = [
  'nothing is wrong',
  'a field has an empty name',
  'a field name holds an upper-case letter',
  'a field name holds a character that is not allowed in a token',
  'a pseudo-header field is unknown',
  'a control byte stands in a field value',
  'a field value begins or ends with white space',
  'a pseudo-header field comes twice',
  'a pseudo-header field follows a regular field',
];

/** What is wrong, as a lower-case clause without full stop. */
export function fieldFaultMessage(fault: number): string {
  return MESSAGES[fault] ?? 'a field is malformed';
}
