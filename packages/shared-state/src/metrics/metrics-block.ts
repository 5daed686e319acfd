// The `metrics` shared memory of one slot: rows of counters under keys that the supervisor can read. It belongs to the slot, so
// it outlives the workers in it. Holds positions and plain additions; who gets which row, and what is shown, is decided elsewhere.
//
// Every value has one writer, the worker in the slot (the supervisor when there is none), and is an aligned float64, which x64
// and arm64 read and write as a whole: no atomics are needed. Rows are claimed by the worker and freed by the supervisor.

const LAYOUT_VERSION = 2;
const HEADER_BYTES = 1024;
/** Where the bounds of the histogram buckets begin. */
const BOUNDS_AT = 64;
export const HISTOGRAM_BOUNDS_MAX = (HEADER_BYTES - BOUNDS_AT) / 8;

const Header = { VERSION: 0, ROWS: 1, ROW_BYTES: 2, BOUNDS: 3, TEXT_BYTES: 4, END: 5, FREED: 6 } as const;

/** Words of a row; NAME and OTHER are float64 of two words. */
const Row = { STATE: 0, KIND: 1, NAME: 2, OTHER: 4, LABELS: 6, TEXT_LENGTH: 7 } as const;
const KEY_BYTES = 32;
const RowState = { FREE: 0, USED: 1 } as const;
/** After the buckets: sum of seconds, request bytes, response bytes, requests without a row for their header values. */
const VALUES_AFTER_BUCKETS = 4;

/** Counts what found no row; it has no key. */
export const OVERFLOW_ROW = 0;

export interface MetricsBlockShape {
  /** Row 0 included. */
  readonly rows: number;
  /** Upper bounds of the buckets in seconds, ascending, without infinity; at most HISTOGRAM_BOUNDS_MAX. */
  readonly bounds: readonly number[];
  /** Room in each row for header values; 0: none. */
  readonly textBytes: number;
}

export interface RowKey {
  /** A `MetricKind`, perhaps WITH_HEADER_VALUES. */
  readonly kind: number;
  /** `nameHash` of the object. */
  readonly name: number;
  /** `nameHash` of a second object, or 0. */
  readonly other: number;
  /** Packed by request-labels.ts, or 0. */
  readonly labels: number;
  /** Latin-1; longer than `textBytes` is cut. */
  readonly text: string;
}

export interface RequestValues {
  /** Requests by bucket, the last one without an upper bound. Not cumulative. */
  readonly buckets: readonly number[];
  readonly seconds: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Of the requests, those that found no row for their header values. */
  readonly unlabelled: number;
}

export class MetricsBlock {
  readonly rows: number;
  readonly bounds: Float64Array;
  readonly textBytes: number;
  private readonly words: Int32Array;
  private readonly values: Float64Array;
  private readonly bytes: Buffer;
  private readonly rowWords: number;

  static byteLength(shape: MetricsBlockShape): number {
    return HEADER_BYTES + shape.rows * rowBytesFor(shape);
  }

  /** @param buffer zero-filled. */
  static create(buffer: ArrayBuffer, shape: MetricsBlockShape): MetricsBlock {
    const words = new Int32Array(buffer);
    words[Header.VERSION] = LAYOUT_VERSION;
    words[Header.ROWS] = shape.rows;
    words[Header.ROW_BYTES] = rowBytesFor(shape);
    words[Header.BOUNDS] = shape.bounds.length;
    words[Header.TEXT_BYTES] = shape.textBytes;
    words[Header.END] = 1;
    new Float64Array(buffer, BOUNDS_AT, shape.bounds.length).set(shape.bounds);
    return new MetricsBlock(buffer);
  }

  /** @throws Error when the block was made by another layout version. */
  constructor(buffer: ArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.values = new Float64Array(buffer);
    this.bytes = Buffer.from(buffer);
    if (this.words[Header.VERSION] !== LAYOUT_VERSION) {
      throw new Error(`metrics block has layout version ${this.words[Header.VERSION]}, expected ${LAYOUT_VERSION}`);
    }
    this.rows = this.words[Header.ROWS];
    this.rowWords = this.words[Header.ROW_BYTES] / 4;
    this.textBytes = this.words[Header.TEXT_BYTES];
    this.bounds = new Float64Array(buffer, BOUNDS_AT, this.words[Header.BOUNDS]);
  }

  /** Rows before this one have been claimed at some time. */
  get end(): number {
    return Atomics.load(this.words, Header.END);
  }

  /** Changes whenever rows have been freed. */
  get freed(): number {
    return Atomics.load(this.words, Header.FREED);
  }

  isUsed(row: number): boolean {
    return Atomics.load(this.words, this.at(row)) === RowState.USED;
  }

  /** The worker's: takes a row that is free and zeroes it. */
  claim(row: number, { kind, name, other, labels, text }: RowKey): void {
    const at = this.at(row);
    const first = (at * 4 + KEY_BYTES) / 8;
    this.values.fill(0, first, first + this.bounds.length + 1 + VALUES_AFTER_BUCKETS);
    this.words[at + Row.KIND] = kind;
    this.values[(at + Row.NAME) / 2] = name;
    this.values[(at + Row.OTHER) / 2] = other;
    this.words[at + Row.LABELS] = labels;
    this.words[at + Row.TEXT_LENGTH] =
      this.textBytes === 0 ? 0 : this.bytes.write(text, this.textAt(at), this.textBytes, 'latin1');
    // Atomic, and last: whoever sees the state sees the key.
    Atomics.store(this.words, at + Row.STATE, RowState.USED);
    if (row >= this.end) Atomics.store(this.words, Header.END, row + 1);
  }

  /** The supervisor's: nobody may hold the row any more. */
  free(row: number): void {
    Atomics.store(this.words, this.at(row) + Row.STATE, RowState.FREE);
    Atomics.add(this.words, Header.FREED, 1);
  }

  /** Of a row in use. */
  key(row: number): RowKey {
    const at = this.at(row);
    const textAt = this.textAt(at);
    return {
      kind: this.words[at + Row.KIND],
      name: this.values[(at + Row.NAME) / 2],
      other: this.values[(at + Row.OTHER) / 2],
      labels: this.words[at + Row.LABELS],
      text: this.bytes.latin1Slice(textAt, textAt + this.words[at + Row.TEXT_LENGTH]),
    };
  }

  /** One request of the row. */
  observe(row: number, seconds: number, requestBytes: number, responseBytes: number): void {
    const { values, bounds } = this;
    const buckets = bounds.length;
    const at = this.firstValue(row);
    let bucket = 0;
    while (bucket < buckets && seconds > bounds[bucket]) bucket++;
    values[at + bucket] += 1;
    const rest = at + buckets + 1;
    values[rest] += seconds;
    values[rest + 1] += requestBytes;
    values[rest + 2] += responseBytes;
  }

  /** One request of the row had header values that have no row. */
  addUnlabelled(row: number): void {
    this.values[this.firstValue(row) + this.bounds.length + VALUES_AFTER_BUCKETS] += 1;
  }

  /** For rows that hold one number. */
  add(row: number, amount: number): void {
    this.values[this.firstValue(row)] += amount;
  }

  set(row: number, value: number): void {
    this.values[this.firstValue(row)] = value;
  }

  value(row: number): number {
    return this.values[this.firstValue(row)];
  }

  requests(row: number): RequestValues {
    const { values } = this;
    const at = this.firstValue(row);
    const rest = at + this.bounds.length + 1;
    return {
      buckets: Array.from(values.subarray(at, rest)),
      seconds: values[rest],
      requestBytes: values[rest + 1],
      responseBytes: values[rest + 2],
      unlabelled: values[rest + 3],
    };
  }

  /** First word of a row. */
  private at(row: number): number {
    return HEADER_BYTES / 4 + row * this.rowWords;
  }

  private firstValue(row: number): number {
    return (HEADER_BYTES + KEY_BYTES) / 8 + (row * this.rowWords) / 2;
  }

  /** First byte of the text of the row that begins at a word. */
  private textAt(at: number): number {
    return at * 4 + KEY_BYTES + (this.bounds.length + 1 + VALUES_AFTER_BUCKETS) * 8;
  }
}

/** Whole cache lines. */
function rowBytesFor({ bounds, textBytes }: MetricsBlockShape): number {
  return Math.ceil((KEY_BYTES + (bounds.length + 1 + VALUES_AFTER_BUCKETS) * 8 + textBytes) / 64) * 64;
}
