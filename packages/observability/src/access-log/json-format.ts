// The `json` format: one object a line, keys in byte order, as in the reference. Which parts a line has is decided once;
// json-part.ts and json-field.ts write them.

import type { AccessLogConfiguration, AccessLogField } from '@sluice/config';
import type { AccessRecord } from './access-record.ts';
import type { ConstantText } from './constant-text.ts';
import { FieldModes } from './field-modes.ts';
import { HeaderRules } from './header-rules.ts';
import { JSON_FIELD_WRITERS, jsonKey } from './json-field.ts';
import { JsonFieldCapture } from './json-field-capture.ts';
import {
  ClientPart,
  type JsonPart,
  NamesPart,
  PathPart,
  PlainPart,
  RequestPart,
  StartPart,
  TlsPart,
} from './json-part.ts';
import { flatText, type LineBuffer } from './line-buffer.ts';
import type { FieldCaptures, LineFormat } from './line-format.ts';
import { SecondText } from './second-text.ts';
import { StartTime } from './start-time.ts';

const OPEN = 0x7b;
const LEVEL_AND_MESSAGE = ',"level":"info","msg":""';

type WrittenField = keyof typeof JSON_FIELD_WRITERS;
type PartKind = typeof PlainPart | typeof ClientPart | typeof RequestPart | typeof NamesPart | typeof TlsPart;

/** What a line consists of, in the order of its keys: neighbours that change together are one part. */
const LAYOUT: readonly (readonly [PartKind, readonly WrittenField[]] | 'RequestPath' | 'start')[] = [
  [ClientPart, ['ClientAddr', 'ClientHost', 'ClientPort', 'ClientUsername']],
  [PlainPart, ['ConnectionEnd', 'DownstreamContentSize', 'DownstreamStatus', 'Duration', 'GzipRatio']],
  [PlainPart, ['OriginContentSize', 'OriginDuration', 'OriginStatus', 'Overhead']],
  [RequestPart, ['RequestAddr']],
  [PlainPart, ['RequestContentSize', 'RequestCount']],
  [RequestPart, ['RequestHost', 'RequestMethod']],
  'RequestPath',
  [RequestPart, ['RequestPort', 'RequestProtocol', 'RequestScheme', 'RetryAttempts']],
  [NamesPart, ['RouterName', 'ServiceAddr', 'ServiceName', 'ServiceURL']],
  'start',
  [TlsPart, ['TLSCipher', 'TLSClientSubject', 'TLSVersion']],
];

export class JsonFormat implements LineFormat {
  private readonly parts: readonly JsonPart[];
  private readonly headers: HeaderRules;
  /** What comes before the name of the entry point; undefined when it is not kept. */
  private readonly entryPointKey: string | undefined;
  private entryPoint: ConstantText | undefined = undefined;
  private entryPointText = '';
  private readonly start = new StartTime();
  private readonly now = new SecondText();

  constructor(options: AccessLogConfiguration['fields']) {
    const modes = new FieldModes(options);
    this.parts = partsOf(modes, options.queryParameters.defaultMode === 'keep');
    this.headers = new HeaderRules(options.headers);
    this.entryPointKey = modes.keeps('entryPointName') ? `${jsonKey('entryPointName')}"` : undefined;
  }

  captures(): FieldCaptures {
    const { headers } = this;
    const capture = (prefix: string) => (headers.takesNothing ? undefined : new JsonFieldCapture(headers, prefix));
    return { request: capture('request_'), origin: capture('origin_'), downstream: capture('downstream_') };
  }

  write(record: AccessRecord, line: LineBuffer, wallStartMs: number, wallEndMs: number, withFields: boolean): void {
    const { parts, start, now } = this;
    const { requestFields, originFields, downstreamFields, entryPoint } = record;
    const first = line.at;
    start.set(wallStartMs);
    for (let i = 0; i < parts.length; i++) parts[i].write(record, line, start);
    if (withFields && downstreamFields?.taken === true) line.append(downstreamFields.bytes, downstreamFields.length);
    if (this.entryPoint !== entryPoint) this.rememberEntryPoint(entryPoint);
    line.text(this.entryPointText);
    if (withFields && originFields?.taken === true) line.append(originFields.bytes, originFields.length);
    if (withFields && requestFields?.taken === true) line.append(requestFields.bytes, requestFields.length);
    now.show(Math.floor(wallEndMs / 1000));
    line.text(now.jsonEnd);
    line.bytes[first] = OPEN; // In place of the comma that every member begins with.
  }

  private rememberEntryPoint(name: ConstantText): void {
    const { entryPointKey } = this;
    this.entryPoint = name;
    const member = entryPointKey === undefined ? '' : `${entryPointKey}${name.json}"`;
    this.entryPointText = flatText(member + LEVEL_AND_MESSAGE);
  }
}

function partsOf(modes: FieldModes, keepsQuery: boolean): JsonPart[] {
  const parts: JsonPart[] = [];
  const keyOf = (name: AccessLogField) => (modes.keeps(name) ? jsonKey(name) : undefined);
  for (const entry of LAYOUT) {
    if (entry === 'RequestPath') {
      if (modes.keeps(entry)) parts.push(new PathPart(jsonKey(entry), keepsQuery));
    } else if (entry === 'start') {
      const [local, utc] = [keyOf('StartLocal'), keyOf('StartUTC')];
      if (local !== undefined || utc !== undefined) parts.push(new StartPart(local, utc));
    } else {
      const [Part, names] = entry;
      const fields = names.filter((name) => modes.keeps(name));
      if (fields.length === 0) continue;
      parts.push(new Part(fields.map((name) => ({ key: jsonKey(name), writer: JSON_FIELD_WRITERS[name] }))));
    }
  }
  return parts;
}
