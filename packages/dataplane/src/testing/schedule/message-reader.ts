// Reads a stream of HTTP/1.1 messages for tests: strict, simple, and written apart from the parser that it checks. Gives
// heads, body bytes and ends one after the other; anything that is not exactly well formed is an error.

export interface MessageHead {
  readonly firstLine: string;
  /** Lower-case names; a repeated field is an error, since the tests send none. */
  readonly fields: ReadonlyMap<string, string>;
}

export interface MessageEvents {
  /** Returns false when no body follows, whatever the fields say; 'rest' when everything that follows is not HTTP. */
  onHead(head: MessageHead): boolean | 'rest';
  onBody(bytes: Buffer): void;
  onMessageEnd(): void;
}

const NONE = Buffer.alloc(0);

export class MessageReader {
  private readonly events: MessageEvents;
  private bytes: Buffer = NONE;
  private state: 'head' | 'length' | 'size' | 'data' | 'data-end' | 'trailers' | 'close' | 'rest' = 'head';
  private remaining = 0;

  constructor(events: MessageEvents) {
    this.events = events;
  }

  /** Between two messages, nothing read of the next one. */
  get isIdle(): boolean {
    return this.state === 'head' && this.bytes.length === 0;
  }

  get inBody(): boolean {
    return this.state !== 'head' && this.state !== 'rest';
  }

  /** @throws Error for anything malformed. */
  push(chunk: Buffer): void {
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk]);
    while (this.step()) {}
  }

  /** The stream has ended in order. True when that ended a message or came between two. */
  end(): boolean {
    if (this.state === 'close') {
      this.state = 'head';
      this.events.onMessageEnd();
      return true;
    }
    return this.state === 'rest' || this.isIdle;
  }

  private step(): boolean {
    switch (this.state) {
      case 'head':
        return this.readHead();
      case 'length':
      case 'data':
        return this.readCounted();
      case 'size':
        return this.readSize();
      case 'data-end':
        return this.line((text) => {
          if (text !== '') throw new Error(`chunk data is followed by ${JSON.stringify(text.slice(0, 40))}`);
          this.state = 'size';
        });
      case 'trailers':
        return this.line((text) => {
          if (text === '') this.finish();
        });
      default:
        return this.readAll();
    }
  }

  private readHead(): boolean {
    const end = this.bytes.indexOf('\r\n\r\n');
    if (end === -1) {
      if (this.bytes.length > 100_000) throw new Error('a head of more than 100,000 bytes');
      return false;
    }
    const [firstLine, ...lines] = this.bytes.toString('latin1', 0, end).split('\r\n');
    this.bytes = this.bytes.subarray(end + 4);
    const fields = new Map<string, string>();
    for (const line of lines) {
      const match = /^([!-9;-~]+): ?(.*)$/.exec(line);
      if (match === null) throw new Error(`not a field: ${JSON.stringify(line.slice(0, 80))}`);
      const name = match[1]!.toLowerCase();
      if (fields.has(name)) throw new Error(`${name} is there twice`);
      fields.set(name, match[2]!);
    }
    const hasBody = this.events.onHead({ firstLine: firstLine!, fields });
    if (hasBody === 'rest') this.state = 'rest';
    else if (!hasBody) this.events.onMessageEnd();
    else this.startBody(firstLine!, fields);
    return true;
  }

  private startBody(firstLine: string, fields: ReadonlyMap<string, string>): void {
    const length = fields.get('content-length');
    const coding = fields.get('transfer-encoding');
    if (length !== undefined && coding !== undefined) throw new Error('both a length and a coding');
    if (coding !== undefined) {
      if (coding !== 'chunked') throw new Error(`transfer coding ${coding}`);
      this.state = 'size';
    } else if (length !== undefined) {
      if (!/^\d+$/.test(length)) throw new Error(`length ${length}`);
      this.remaining = Number(length);
      this.state = 'length';
      if (this.remaining === 0) this.finish();
    } else if (firstLine.startsWith('HTTP/')) this.state = 'close';
    else this.finish();
  }

  private readCounted(): boolean {
    const piece = this.bytes.subarray(0, Math.min(this.remaining, this.bytes.length));
    if (piece.length === 0) return false;
    this.bytes = this.bytes.subarray(piece.length);
    this.remaining -= piece.length;
    this.events.onBody(piece);
    if (this.remaining > 0) return false;
    if (this.state === 'data') this.state = 'data-end';
    else this.finish();
    return true;
  }

  private readSize(): boolean {
    return this.line((text) => {
      if (!/^[0-9a-f]{1,14}$/.test(text)) throw new Error(`chunk size ${JSON.stringify(text.slice(0, 40))}`);
      this.remaining = Number.parseInt(text, 16);
      this.state = this.remaining === 0 ? 'trailers' : 'data';
    });
  }

  private readAll(): boolean {
    if (this.bytes.length > 0) this.events.onBody(this.bytes);
    this.bytes = NONE;
    return false;
  }

  private line(use: (text: string) => void): boolean {
    const end = this.bytes.indexOf('\r\n');
    if (end === -1) {
      if (this.bytes.length > 10_000) throw new Error('a line of more than 10,000 bytes');
      return false;
    }
    const text = this.bytes.toString('latin1', 0, end);
    this.bytes = this.bytes.subarray(end + 2);
    use(text);
    return true;
  }

  private finish(): void {
    this.state = 'head';
    this.events.onMessageEnd();
  }
}
