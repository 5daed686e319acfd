// The access log of one worker: takes a filled record, decides whether it gets a line, and composes the line where it waits
// to be written. What is written to, and when, is the business of line-output.ts. Allocates nothing for a line.

import type { AccessLogConfiguration } from '@sluice/config';
import { AccessRecord } from './access-record.ts';
import { ColumnFormat } from './column-format.ts';
import { JsonFormat } from './json-format.ts';
import { LineBuffer, VALUE_MAX_BYTES } from './line-buffer.ts';
import { LineFilter } from './line-filter.ts';
import type { FieldCaptures, LineFormat } from './line-format.ts';
import type { LineOutput } from './line-output.ts';
import { WallClock } from './wall-clock.ts';

/** A line that is too long for its target is composed again with shorter values, at last without header fields. */
const ATTEMPTS = [
  { valueMaxBytes: VALUE_MAX_BYTES, withFields: true },
  { valueMaxBytes: 1024, withFields: true },
  { valueMaxBytes: 256, withFields: true },
  { valueMaxBytes: 96, withFields: false },
] as const;

export class AccessLog {
  /** To be filled before each `write`. */
  readonly record = new AccessRecord();
  /** Also requests to services of the program itself get lines. */
  readonly withInternals: boolean;
  /** Also connections of TCP routers do. */
  readonly withTcp: boolean;
  readonly output: LineOutput;
  private readonly format: LineFormat;
  private readonly filter: LineFilter;
  private readonly clock: WallClock;
  private readonly line: LineBuffer;
  private count = 0;

  constructor(options: AccessLogConfiguration, output: LineOutput, clock: WallClock = new WallClock()) {
    this.output = output;
    this.withInternals = options.addInternals;
    this.withTcp = options.addTcp;
    this.format = lineFormatOf(options);
    this.filter = new LineFilter(options.filters);
    this.clock = clock;
    this.line = new LineBuffer(output.ring.bytes);
  }

  /** For one exchange object. */
  captures(): FieldCaptures {
    return this.format.captures();
  }

  /** One line for `record`, unless filters or a lack of room are against it. */
  write(): void {
    const { record, output } = this;
    record.count = ++this.count;
    if (!this.filter.takes(record)) return;
    const start = output.begin();
    if (start !== -1) output.commit(start, this.compose(start));
  }

  /** Opens the file of that name anew, after it has been renamed. */
  reopen(): Promise<void> {
    return this.output.reopen();
  }

  /** Writes what waits, as long as that takes no longer than `timeoutMs`, and closes. */
  async close(timeoutMs: number): Promise<void> {
    await this.output.flush(timeoutMs);
    this.output.close();
  }

  /** Right before the process ends: writes what can be written at once. */
  flushNow(): void {
    this.output.flushNow();
  }

  /** Returns the position after the line's end. */
  private compose(start: number): number {
    const { line, record, clock, format } = this;
    const wallStartMs = clock.at(record.startedAtMs);
    const wallEndMs = clock.at(record.endedAtMs);
    for (let attempt = 0; attempt < ATTEMPTS.length; attempt++) {
      const { valueMaxBytes, withFields } = ATTEMPTS[attempt];
      line.at = start;
      line.valueMaxBytes = valueMaxBytes;
      format.write(record, line, wallStartMs, wallEndMs, withFields);
      if (line.at - start <= this.output.lineMaxBytes) break;
    }
    return line.at;
  }
}

export function lineFormatOf({ format, fields }: AccessLogConfiguration): LineFormat {
  return format === 'json' ? new JsonFormat(fields) : new ColumnFormat(fields, format === 'common');
}
