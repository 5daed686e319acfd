// The parts that a JSON line is put together from, one behind the other. What stays the same from request to request is
// remembered as text and written in one piece. Parts allocate nothing but that text, when something has changed.

import type { AccessRecord } from './access-record.ts';
import type { ClientText, ConstantText, ServerText } from './constant-text.ts';
import type { JsonFieldWriter } from './json-field.ts';
import { type LineBuffer, VALUE_MAX_BYTES } from './line-buffer.ts';
import { SecondText } from './second-text.ts';

const QUOTE = 0x22;
const DOT = 0x2e;
const NANOSECONDS = 1_000_000;
const TENTH_OF_A_SECOND_NS = 100_000_000;

export interface JsonPart {
  /** `wallStartMs`: milliseconds since 1970. */
  write(record: AccessRecord, line: LineBuffer, wallStartMs: number): void;
}

export interface JsonField {
  readonly key: Buffer;
  readonly writer: JsonFieldWriter;
}

/** Fields that are different in every line. */
export class PlainPart implements JsonPart {
  private readonly fields: readonly JsonField[];

  constructor(fields: readonly JsonField[]) {
    this.fields = fields;
  }

  write(record: AccessRecord, line: LineBuffer): void {
    const { fields } = this;
    for (let i = 0; i < fields.length; i++) {
      const { key, writer } = fields[i];
      writer(key, record, line);
    }
  }
}

/** Fields that follow from a few inputs, remembered for the inputs seen last. */
abstract class RememberedPart extends PlainPart {
  private memo = '';
  private isFilled = false;

  override write(record: AccessRecord, line: LineBuffer): void {
    if (line.valueMaxBytes !== VALUE_MAX_BYTES) {
      super.write(record, line);
      return;
    }
    if (this.isFilled && this.isSame(record)) {
      line.text(this.memo);
      return;
    }
    const from = line.at;
    super.write(record, line);
    this.memo = line.textSince(from);
    this.isFilled = true;
    this.remember(record);
  }

  protected abstract isSame(record: AccessRecord): boolean;
  protected abstract remember(record: AccessRecord): void;
}

/** What the request line and the host say, without the path. */
export class RequestPart extends RememberedPart {
  private host = '';
  private method = '';
  private minorVersion = 0;
  private secure = false;
  private retries = 0;

  protected override isSame({ host, method, minorVersion, secure, retries }: AccessRecord): boolean {
    return (
      host === this.host &&
      method === this.method &&
      minorVersion === this.minorVersion &&
      secure === this.secure &&
      retries === this.retries
    );
  }

  protected override remember({ host, method, minorVersion, secure, retries }: AccessRecord): void {
    this.host = host;
    this.method = method;
    this.minorVersion = minorVersion;
    this.secure = secure;
    this.retries = retries;
  }
}

/** Names of the configuration. */
export class NamesPart extends RememberedPart {
  private router: ConstantText | undefined = undefined;
  private server: ServerText | undefined = undefined;

  protected override isSame({ router, server }: AccessRecord): boolean {
    return router === this.router && server === this.server;
  }

  protected override remember({ router, server }: AccessRecord): void {
    this.router = router;
    this.server = server;
  }
}

/** Who the client is; remembered by its connection. */
export class ClientPart extends PlainPart {
  override write(record: AccessRecord, line: LineBuffer): void {
    const { client, forwardedFor, user } = record;
    if (forwardedFor !== '' || user !== '' || line.valueMaxBytes !== VALUE_MAX_BYTES) super.write(record, line);
    else if (client.memo !== undefined) line.text(client.memo);
    else this.writeFirst(client, record, line);
  }

  private writeFirst(client: ClientText, record: AccessRecord, line: LineBuffer): void {
    const from = line.at;
    super.write(record, line);
    client.memo = line.textSince(from);
  }
}

export class PathPart implements JsonPart {
  private readonly key: Buffer;
  private readonly keepsQuery: boolean;

  constructor(key: Buffer, keepsQuery: boolean) {
    this.key = key;
    this.keepsQuery = keepsQuery;
  }

  write({ path, query }: AccessRecord, line: LineBuffer): void {
    line.constant(this.key);
    line.byte(QUOTE);
    line.beginValue();
    line.json(path);
    if (this.keepsQuery && query !== undefined) {
      line.json('?');
      line.json(query);
    }
    line.endValue();
    line.byte(QUOTE);
  }
}

/** When the request began, to the nanosecond as far as the clock knows. */
export class StartPart implements JsonPart {
  private readonly key: Buffer;
  private readonly isLocal: boolean;
  private readonly text = new SecondText();

  constructor(key: Buffer, isLocal: boolean) {
    this.key = key;
    this.isLocal = isLocal;
  }

  write(_record: AccessRecord, line: LineBuffer, wallStartMs: number): void {
    const { text, isLocal } = this;
    const second = Math.floor(wallStartMs / 1000);
    text.show(second);
    line.constant(this.key);
    line.byte(QUOTE);
    line.text(isLocal ? text.local : text.utc);
    line.byte(DOT);
    line.padded((wallStartMs - second * 1000) * NANOSECONDS, TENTH_OF_A_SECOND_NS);
    line.text(isLocal ? text.zone : 'Z');
    line.byte(QUOTE);
  }
}
