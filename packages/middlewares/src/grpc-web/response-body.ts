// The response body of a call: gRPC's own bytes, then the trailers as one frame more, because browsers show no trailers to pages.
// In text mode all of it is base64; each piece is padded, so that nothing is held back.
// Allocates the encoded bytes in text mode, and the frame at the end.

import type { HeaderTable } from '@sluice/protocols';
import type { BodyTransform } from '../interface/middleware.ts';
import { eachField } from './each-field.ts';

/** The most significant bit tells trailers from messages. */
const TRAILERS_FLAG = 0x80;
const FRAME_HEAD_BYTES = 5;
const NO_BYTES = new Uint8Array(0);

export class GrpcWebResponseBody implements BodyTransform {
  readonly absorbsTrailers = true;
  private readonly isText: boolean;
  private readonly hasStatus: boolean;

  /** @param hasStatus the head has told the outcome: without trailers there is none to add then. */
  constructor(isText: boolean, hasStatus: boolean) {
    this.isText = isText;
    this.hasStatus = hasStatus;
  }

  push(chunk: Uint8Array, last: boolean, trailers?: HeaderTable): Uint8Array | undefined {
    const bytes = last ? Buffer.concat([chunk, this.trailersFrame(trailers)]) : chunk;
    if (bytes.length === 0) return undefined;
    return this.isText ? Buffer.from(base64(bytes), 'latin1') : bytes;
  }

  private trailersFrame(trailers: HeaderTable | undefined): Uint8Array {
    let text = '';
    eachField(trailers, (name, value) => {
      text += `${name}: ${value}\r\n`;
    });
    if (text === '' && this.hasStatus) return NO_BYTES;
    const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + text.length);
    frame[0] = TRAILERS_FLAG;
    frame.writeUInt32BE(text.length, 1);
    frame.write(text, FRAME_HEAD_BYTES, 'latin1');
    return frame;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
