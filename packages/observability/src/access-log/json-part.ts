// The parts that a JSON line is put together from, one behind the other. What stays the same from request to request is
// remembered as text and written in one piece. Parts allocate nothing but that text, when something has changed.

import type { AccessRecord } from './access-record.ts';
import type { ClientText, ConstantText, ServerText } from './constant-text.ts';
import type { JsonFieldWriter } from './json-field.ts';
import { flatText, type LineBuffer, VALUE_MAX_BYTES } from './line-buffer.ts';
import type { StartTime } from './start-time.ts';

const QUOTE = 0x22;

export interface JsonPart {
  write(record: AccessRecord, line: LineBuffer, start: StartTime): void;
}

export interface JsonField {
  readonly key: string;
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
  private protocol = '';
  private secure = false;
  private retries = 0;

  protected override isSame({ host, method, protocol, secure, retries }: AccessRecord): boolean {
    return (
      host === this.host &&
      method === this.method &&
      protocol === this.protocol &&
      secure === this.secure &&
      retries === this.retries
    );
  }

  protected override remember({ host, method, protocol, secure, retries }: AccessRecord): void {
    this.host = host;
    this.method = method;
    this.protocol = protocol;
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

/** Of connections with TLS only. */
export class TlsPart extends PlainPart {
  override write(record: AccessRecord, line: LineBuffer): void {
    if (record.tls !== undefined) super.write(record, line);
  }
}

export class PathPart implements JsonPart {
  private readonly key: string;
  private readonly keepsQuery: boolean;

  constructor(key: string, keepsQuery: boolean) {
    this.key = key;
    this.keepsQuery = keepsQuery;
  }

  write({ path, query }: AccessRecord, line: LineBuffer): void {
    line.text(this.key);
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

/** When the request began, in local time, universal time or both. */
export class StartPart implements JsonPart {
  private readonly localKey: string | undefined;
  private readonly utcKey: string | undefined;
  private second = Number.NaN;
  /** Everything but the fraction of the second, for the second seen last. */
  private beforeFirst = '';
  private beforeSecond = '';
  private end = '';

  /** Undefined for one that is not kept; not both. */
  constructor(localKey: string | undefined, utcKey: string | undefined) {
    this.localKey = localKey;
    this.utcKey = utcKey;
  }

  write(_record: AccessRecord, line: LineBuffer, start: StartTime): void {
    if (start.second !== this.second) this.show(start);
    line.text(this.beforeFirst);
    line.nineDigits(start.nanoseconds);
    if (this.beforeSecond !== '') {
      line.text(this.beforeSecond);
      line.nineDigits(start.nanoseconds);
    }
    line.text(this.end);
  }

  private show({ second, text }: StartTime): void {
    const { localKey, utcKey } = this;
    this.second = second;
    const local = `${localKey}"${text.local}.`;
    const utc = `${utcKey}"${text.utc}.`;
    this.beforeFirst = flatText(localKey === undefined ? utc : local);
    this.beforeSecond = localKey === undefined || utcKey === undefined ? '' : flatText(`${text.zone}"${utc}`);
    this.end = flatText(utcKey === undefined ? `${text.zone}"` : 'Z"');
  }
}
