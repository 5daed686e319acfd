// How the body of a response travels to the client.

export const Framing = {
  /** No body at all (HEAD, 204, 304), whatever the fields say. */
  NONE: 0,
  LENGTH: 1,
  CHUNKED: 2,
  /** The end of the connection ends the body. */
  CLOSE: 3,
  /** Frames of the protocol end the body. */
  FRAMED: 4,
} as const;

/** RFC 9110 §6.4.1: whatever the fields say, nothing follows these heads. */
export function hasNoBody(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}
