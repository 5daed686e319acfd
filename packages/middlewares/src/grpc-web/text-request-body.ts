// The request body of a call in text mode: base64 on the client's side, the bytes of gRPC towards the server.

import type { BodyTransform } from '../interface/middleware.ts';
import { Base64Decoder } from './base64-decoder.ts';

export class TextRequestBody implements BodyTransform {
  private readonly decoder = new Base64Decoder();

  push(chunk: Uint8Array, last: boolean): Uint8Array | undefined {
    const bytes = this.decoder.push(chunk);
    if (last) this.decoder.end();
    return bytes.length === 0 ? undefined : bytes;
  }
}
