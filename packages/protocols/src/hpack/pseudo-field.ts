// Small integers for the pseudo-header fields, so that hot code compares numbers. Which of them a message needs is not said here.

/** Numbers of the pseudo-header fields (RFC 9113 §8.3, RFC 8441 §4); 0: a regular field. */
export const Pseudo = { NONE: 0, METHOD: 1, SCHEME: 2, AUTHORITY: 3, PATH: 4, STATUS: 5, PROTOCOL: 6 } as const;

/** Index in this list = number of the pseudo-header field. */
export const PSEUDO_NAMES = ['', ':method', ':scheme', ':authority', ':path', ':status', ':protocol'] as const;
