// Constant answers of the upstream server for bodies, framing included.

export const CHUNKED_ANSWER_BYTES = 10 * 1024;
const CHUNK_BYTES = 1024;
const SHORT_TEXT = 'read it all\n';

export const SHORT_ANSWER_BYTES = SHORT_TEXT.length;

export const SHORT_ANSWER: Buffer = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${SHORT_TEXT.length}\r\n\r\n${SHORT_TEXT}`,
  'latin1',
);

export const CHUNKED_ANSWER: Buffer = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n' +
    `${CHUNK_BYTES.toString(16)}\r\n${'x'.repeat(CHUNK_BYTES)}\r\n`.repeat(CHUNKED_ANSWER_BYTES / CHUNK_BYTES) +
    '0\r\n\r\n',
  'latin1',
);
