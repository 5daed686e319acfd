// One keep-alive connection of the load: sends a request, reads its answer, and says at which step it went wrong.
// Speaks as much HTTP/1.1 as the test servers do: answers have a Content-Length. Judges nothing.

import { connect, type Socket } from 'node:net';

/** How far a request had got when it failed. */
export type Phase = 'connecting' | 'sent' | 'answering';

export interface Answer {
  readonly status: number;
  /** Lines of the head, without the empty one. */
  readonly head: string;
  readonly body: string;
}

export interface RequestFailure {
  readonly phase: Phase;
  readonly reason: string;
}

const HEAD_END = '\r\n\r\n';

export class LoadConnection {
  /** Of our end; 0 before it is connected. */
  port = 0;
  /** Requests begun on it. */
  requests = 0;
  private readonly socket: Socket;
  private connected = false;
  private ended: string | undefined;
  private mustClose = false;
  private received = '';
  private settle: ((outcome: Answer | RequestFailure) => void) | undefined;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.setNoDelay(true).setEncoding('latin1');
    this.socket.on('connect', () => {
      this.connected = true;
      this.port = this.socket.localPort ?? 0;
    });
    this.socket.on('data', (text) => this.take(String(text)));
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.end(error.code ?? error.message));
    this.socket.on('close', () => this.end('closed'));
    this.socket.on('end', () => this.end('closed'));
  }

  /** May another request be sent on it? */
  get isUsable(): boolean {
    return this.ended === undefined && !this.mustClose;
  }

  /** One at a time. Never rejects. */
  request(text: string, timeoutMs: number): Promise<Answer | RequestFailure> {
    this.requests++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.end('timeout'), timeoutMs);
      this.settle = (outcome) => {
        clearTimeout(timer);
        this.settle = undefined;
        resolve(outcome);
      };
      if (this.ended === undefined) this.socket.write(text);
      else this.settle({ phase: 'connecting', reason: this.ended });
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private get phase(): Phase {
    if (!this.connected) return 'connecting';
    return this.received === '' ? 'sent' : 'answering';
  }

  private take(text: string): void {
    this.received += text;
    const headEnd = this.received.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = this.received.slice(0, headEnd);
    const length = /\r\nContent-Length: *(\d+)/i.exec(head)?.[1];
    const bodyStart = headEnd + HEAD_END.length;
    const end = bodyStart + Number(length);
    if (length === undefined) this.end(`an answer without length: ${head}`);
    else if (this.received.length > end) this.end('bytes behind the answer');
    else if (this.received.length === end) this.answered(head, this.received.slice(bodyStart));
  }

  private answered(head: string, body: string): void {
    const { settle } = this;
    if (/\r\nConnection: *close/i.test(head)) this.mustClose = true;
    this.received = '';
    if (settle === undefined) this.end('an answer that nobody asked for');
    else settle({ status: Number(head.slice(9, 12)), head, body });
  }

  private end(reason: string): void {
    if (this.ended !== undefined) return;
    this.ended = reason;
    const { phase } = this;
    this.socket.destroy();
    this.settle?.({ phase, reason });
  }
}
