// What the load of TCP and its server say to each other: a request of fixed length, bytes to the server if any, bytes back. No more
// than counting for both, so that as much of the machine as possible is left to the proxy. `src/cc/exchanges.h` has the same.

/** Of a request, what is uploaded after it not included. */
export const REQUEST_BYTES = 64;
/** Every byte of uploads and answers. */
export const FILL_BYTE = 0x61;

const UPLOAD_AT = 0;
const ANSWER_AT = 4;

/** One exchange, in bytes. */
export interface ExchangeShape {
  /** After the request; 0: none. */
  readonly uploadBytes: number;
  readonly answerBytes: number;
}

/** Answered without an upload with as many bytes as it has itself. */
export const SMALL_EXCHANGE: ExchangeShape = { uploadBytes: 0, answerBytes: REQUEST_BYTES };

export function requestOf({ uploadBytes, answerBytes }: ExchangeShape): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES, FILL_BYTE);
  request.writeInt32LE(uploadBytes, UPLOAD_AT);
  request.writeInt32LE(answerBytes, ANSWER_AT);
  return request;
}
