// A name of the configuration (router, service, entry point) as it stands in lines, escaped once instead of for every line.

import { LineBuffer, VALUE_EXCESS_BYTES } from './line-buffer.ts';

/** Names longer than this are cut: lines have a bound that nobody's configuration may break. */
export const NAME_MAX_BYTES = 320;

export class ConstantText {
  /** Inside of a JSON string, without its quotes. */
  readonly json: string;
  /** Inside of double quotes in a format of columns. */
  readonly quoted: string;

  constructor(text: string) {
    const bytes = Buffer.from(text, 'utf8').toString('latin1');
    this.json = written((line) => line.json(bytes));
    this.quoted = written((line) => line.quoted(bytes));
  }
}

/** The server that a request went to, as lines name it. */
export class ServerText {
  readonly service: ConstantText;
  readonly url: ConstantText;
  /** Host and port. */
  readonly address: ConstantText;

  constructor(service: string, url: string, address: string) {
    this.service = new ConstantText(service);
    this.url = new ConstantText(url);
    this.address = new ConstantText(address);
  }
}

/** The peer of one connection, as lines name it. */
export class ClientText {
  /** Textual, without port; empty for a Unix socket. */
  readonly ip: string;
  readonly port: number;
  /** What a format has made of it for the connection's next requests; undefined: nothing yet. */
  memo: string | undefined = undefined;

  constructor(ip: string, port: number) {
    this.ip = ip;
    this.port = port;
  }
}

/** One byte a character. */
function written(write: (line: LineBuffer) => void): string {
  const line = new LineBuffer(Buffer.alloc(NAME_MAX_BYTES + VALUE_EXCESS_BYTES));
  line.valueMaxBytes = NAME_MAX_BYTES;
  line.beginValue();
  write(line);
  line.endValue();
  return line.textSince(0);
}
