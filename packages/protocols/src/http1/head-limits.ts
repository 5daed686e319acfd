// The bounds a head parser works within. Checked while parsing, so that an endless head never needs endless memory.

export interface HeadLimits {
  /** Bytes of the whole head including the blank line; over it the answer is 431. */
  readonly headBytesMax: number;
  /** Header field lines; over it the answer is 431. */
  readonly fieldsMax: number;
  /** Bytes of the request target; over it the answer is 414. Ignored for responses. */
  readonly targetBytesMax: number;
}

/** The reference's `http.maxHeaderBytes`; the other two are ours. */
export const DEFAULT_HEAD_LIMITS: HeadLimits = { headBytesMax: 1048576, fieldsMax: 256, targetBytesMax: 65536 };
