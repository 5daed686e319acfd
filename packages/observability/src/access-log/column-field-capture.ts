// `"referer" "user-agent"`: the two header fields that the formats of columns have, with a dash for one that is missing.

import type { HeaderTable } from '@sluice/protocols';
import { CAPTURE_MAX_BYTES, FIELD_NAME_MAX_BYTES, FieldCapture, REDACTED } from './field-capture.ts';
import type { HeaderRules } from './header-rules.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
/** Half of the room for each of the two. */
const VALUE_MAX = CAPTURE_MAX_BYTES / 2 - FIELD_NAME_MAX_BYTES;

export class ColumnFieldCapture extends FieldCapture {
  private readonly rules: HeaderRules;

  constructor(rules: HeaderRules) {
    super();
    this.rules = rules;
  }

  protected override write(head: HeaderTable): void {
    this.column(head, 'referer');
    this.line.byte(SPACE);
    this.column(head, 'user-agent');
  }

  private column(head: HeaderTable, name: string): void {
    const mode = this.rules.modeOf(name);
    const found = mode === 'drop' ? '' : head.getAll(name).join(',');
    const value = found === '' ? '-' : mode === 'redact' ? REDACTED : found;
    const room = Math.min(this.roomFor(value.length), VALUE_MAX);
    const { line } = this;
    line.byte(QUOTE);
    line.valueMaxBytes = room;
    line.beginValue();
    line.quoted(value);
    line.endValue();
    line.byte(QUOTE);
  }
}
