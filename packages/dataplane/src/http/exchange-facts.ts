// What one exchange leaves behind for those who count and log it: times and statuses, noted where they happen and read once
// at its end. One per exchange object, reused. Holds numbers only; what they are reported as is decided by the readers.

/** What a client gets in the books that left before we answered (reference/http-services §10). */
export const CLIENT_GONE_STATUS = 499;

export class ExchangeFacts {
  /** The transport's clock (milliseconds) when the head of the request had been read. */
  startedAtMs = 0;
  /** Status of the final head sent to the client; 499 when it left before; 0: none was sent. */
  status = 0;
  /** When the request was given to a server; 0: it never was. */
  serverStartedAtMs = 0;
  /** Status of the server's final head, or what stands for it when there was none; 0: neither. */
  serverStatus = 0;
  /** `serverStatus` comes from the server itself. */
  serverAnswered = false;

  begin(nowMs: number): void {
    this.startedAtMs = nowMs;
    this.status = 0;
    this.serverStartedAtMs = 0;
    this.serverStatus = 0;
    this.serverAnswered = false;
  }

  serverAnsweredWith(status: number): void {
    this.serverStatus = status;
    this.serverAnswered = true;
  }

  /** The exchange ends with this status without a whole answer of the server. */
  serverFailedWith(status: number): void {
    if (this.serverStartedAtMs !== 0 && this.serverStatus === 0) this.serverStatus = status;
  }

  clientGone(): void {
    if (this.status === 0) this.status = CLIENT_GONE_STATUS;
    this.serverFailedWith(CLIENT_GONE_STATUS);
  }
}
