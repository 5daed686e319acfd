// The `common` and `genericCLF` formats: columns between spaces, the second kind without our own columns at the end.
// What is missing or not kept is a dash, so that every line has the same columns. Allocates nothing for a line.

import type { AccessLogConfiguration, AccessLogField } from '@sluice/config';
import type { AccessRecord } from './access-record.ts';
import { ColumnFieldCapture } from './column-field-capture.ts';
import { FieldModes } from './field-modes.ts';
import { HeaderRules } from './header-rules.ts';
import type { LineBuffer } from './line-buffer.ts';
import type { FieldCaptures, LineFormat } from './line-format.ts';
import { SecondText } from './second-text.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const DASH = 0x2d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const NEW_LINE = 0x0a;
const NO_NAME = ' - ';
const NO_FIELDS = '"-" "-"';
const MILLISECONDS_END = 'ms';
const QUOTED_DASH = '"-"';

export class ColumnFormat implements LineFormat {
  private readonly withOwnColumns: boolean;
  private readonly keep: Readonly<Record<ColumnField, boolean>>;
  private readonly keepsQuery: boolean;
  private readonly headers: HeaderRules;
  private readonly start = new SecondText();

  /** `withOwnColumns`: `common`; otherwise `genericCLF`. */
  constructor(options: AccessLogConfiguration['fields'], withOwnColumns: boolean) {
    const modes = new FieldModes(options);
    this.withOwnColumns = withOwnColumns;
    this.keep = Object.fromEntries(FIELDS.map((field) => [field, modes.keeps(field)])) as Record<ColumnField, boolean>;
    this.keepsQuery = options.queryParameters.defaultMode === 'keep';
    this.headers = new HeaderRules(options.headers);
  }

  captures(): FieldCaptures {
    const { headers } = this;
    const isWanted = headers.modeOf('referer') !== 'drop' || headers.modeOf('user-agent') !== 'drop';
    return {
      request: isWanted ? new ColumnFieldCapture(headers) : undefined,
      origin: undefined,
      downstream: undefined,
    };
  }

  write(record: AccessRecord, line: LineBuffer, wallStartMs: number, _wallEndMs: number, withFields: boolean): void {
    const { keep } = this;
    writeBare(line, keep.ClientHost ? record.forwardedFor || record.client.ip : '');
    line.text(NO_NAME);
    writeBare(line, keep.ClientUsername ? record.user : '');
    line.byte(SPACE);
    this.writeTime(line, wallStartMs);
    line.byte(SPACE);
    this.writeRequestLine(record, line);
    line.byte(SPACE);
    writeNumber(line, keep.DownstreamStatus, record.status);
    line.byte(SPACE);
    writeNumber(line, keep.DownstreamContentSize, record.bytes);
    line.byte(SPACE);
    const fields = record.requestFields;
    if (withFields && fields?.taken === true) line.append(fields.bytes, fields.length);
    else line.text(NO_FIELDS);
    if (this.withOwnColumns) this.writeOwnColumns(record, line);
    line.byte(NEW_LINE);
  }

  private writeTime(line: LineBuffer, wallStartMs: number): void {
    const { start, keep } = this;
    line.byte(OPEN_BRACKET);
    if (keep.StartUTC || keep.StartLocal) {
      start.show(Math.floor(wallStartMs / 1000));
      line.text(keep.StartUTC ? start.utcColumn : start.localColumn);
    } else line.byte(DASH);
    line.byte(CLOSE_BRACKET);
  }

  private writeRequestLine(record: AccessRecord, line: LineBuffer): void {
    const { keep } = this;
    line.byte(QUOTE);
    writeQuoted(line, keep.RequestMethod ? record.method : '');
    line.byte(SPACE);
    if (record.connectionEnd !== '') writeQuoted(line, keep.ConnectionEnd ? record.connectionEnd : '');
    else if (keep.RequestPath) this.writePath(record, line);
    else line.byte(DASH);
    line.byte(SPACE);
    if (keep.RequestProtocol) line.text(record.protocol);
    else line.byte(DASH);
    line.byte(QUOTE);
  }

  private writePath({ path, query }: AccessRecord, line: LineBuffer): void {
    line.beginValue();
    line.quoted(path);
    if (this.keepsQuery && query !== undefined) {
      line.quoted('?');
      line.quoted(query);
    }
    line.endValue();
  }

  private writeOwnColumns(record: AccessRecord, line: LineBuffer): void {
    const { keep } = this;
    line.byte(SPACE);
    writeNumber(line, keep.RequestCount, record.count);
    line.byte(SPACE);
    writeName(line, keep.RouterName ? record.router?.quoted : undefined);
    line.byte(SPACE);
    writeName(line, keep.ServiceURL ? record.server?.url.quoted : undefined);
    line.byte(SPACE);
    line.integer(keep.Duration ? Math.floor(record.durationMs) : 0);
    line.text(MILLISECONDS_END);
  }
}

const FIELDS = [
  'ClientHost',
  'ClientUsername',
  'StartUTC',
  'StartLocal',
  'ConnectionEnd',
  'RequestMethod',
  'RequestPath',
  'RequestProtocol',
  'DownstreamStatus',
  'DownstreamContentSize',
  'RequestCount',
  'RouterName',
  'ServiceURL',
  'Duration',
] as const satisfies readonly AccessLogField[];
type ColumnField = (typeof FIELDS)[number];

function writeBare(line: LineBuffer, value: string): void {
  if (value === '') {
    line.byte(DASH);
    return;
  }
  line.beginValue();
  line.bare(value);
  line.endValue();
}

/** The quotes are around more than this. */
function writeQuoted(line: LineBuffer, value: string): void {
  if (value === '') {
    line.byte(DASH);
    return;
  }
  line.beginValue();
  line.quoted(value);
  line.endValue();
}

function writeName(line: LineBuffer, name: string | undefined): void {
  if (name === undefined) {
    line.text(QUOTED_DASH);
    return;
  }
  line.byte(QUOTE);
  line.text(name);
  line.byte(QUOTE);
}

function writeNumber(line: LineBuffer, isKept: boolean, value: number): void {
  if (isKept) line.integer(value);
  else line.byte(DASH);
}
