// Where one small answer ends on a connection of the steady load. Answers of its upstream have a Content-Length; proxies
// that refuse may send one without. Keeps no body.

const HEAD_END = '\r\n\r\n';

export class AnswerReader {
  status = 0;
  mustClose = false;
  private text = '';

  get hasBegun(): boolean {
    return this.text !== '';
  }

  /** True once the answer is whole. Without a length the head alone is taken for the answer, and the connection for used up. */
  take(bytes: Buffer): boolean {
    this.text += bytes.toString('latin1');
    const headEnd = this.text.indexOf(HEAD_END);
    if (headEnd === -1) return false;
    const head = this.text.slice(0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.status = Number(head.slice(9, 12));
    this.mustClose = length === undefined || /\r\nconnection: *close/i.test(head);
    return this.text.length >= headEnd + HEAD_END.length + Number(length ?? 0);
  }

  reset(): void {
    this.status = 0;
    this.mustClose = false;
    this.text = '';
  }
}
