// The bounds that a header block is decoded within: what they stop is dropped while decoding, never stored.

export interface FieldLimits {
  /** Bytes of names and values plus 32 for each field (SETTINGS_MAX_HEADER_LIST_SIZE, RFC 9113 §6.5.2). */
  readonly listMaxBytes: number;
  /** Fields, pseudo-header fields included. */
  readonly fieldsMax: number;
}
