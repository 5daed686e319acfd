// The head of one response, whatever protocol brought it. Codecs fill it, middlewares change it. Reused (`clear`).

import { HeaderTable } from './header-table.ts';
import { BodyKind } from './request-head.ts';

export class ResponseHead extends HeaderTable {
  status = 0;
  /** 0 or 1: HTTP/1.x. */
  minorVersion = 1;
  /** Range in `bytes` of the reason phrase as received. */
  reasonOffset = 0;
  reasonLength = 0;
  /** False while `status` is the received one. */
  statusChanged = false;
  /** As the bytes say, before the request method and status (HEAD, 204, 304) are considered. */
  bodyKind: number = BodyKind.NONE;
  bodyBytes = 0;
  /** As in requests. */
  lengthUnusual = false;
  keepAlive = true;
  headOffset = 0;
  headLength = 0;

  override clear(bytes: Buffer): void {
    super.clear(bytes);
    this.statusChanged = false;
    this.bodyKind = BodyKind.NONE;
    this.bodyBytes = 0;
    this.lengthUnusual = false;
    this.keepAlive = true;
  }

  setStatus(status: number): void {
    this.status = status;
    this.statusChanged = true;
  }

  retainHead(): void {
    const start = this.headOffset;
    this.retain(start, start + this.headLength);
    this.reasonOffset -= start;
    this.headOffset = 0;
  }
}
