// What every format of lines offers to the log that writes them.

import type { AccessRecord } from './access-record.ts';
import type { FieldCapture } from './field-capture.ts';
import type { LineBuffer } from './line-buffer.ts';

/** The header fields of one exchange that lines have; undefined where none is wanted. */
export interface FieldCaptures {
  readonly request: FieldCapture | undefined;
  readonly origin: FieldCapture | undefined;
  readonly downstream: FieldCapture | undefined;
}

export interface LineFormat {
  /**
   * Writes one line with its end. Values are cut at `line.valueMaxBytes`; without `withFields` header fields are left out.
   * @param wallStartMs, wallEndMs milliseconds since 1970 of the record's start and end
   */
  write(record: AccessRecord, line: LineBuffer, wallStartMs: number, wallEndMs: number, withFields: boolean): void;
  /** For one exchange object. */
  captures(): FieldCaptures;
}
