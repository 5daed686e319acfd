// Reads the text format of Prometheus, for tests: strictly, so that what it takes a real scraper takes, too.
// Knows nothing of the metrics there are.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LINE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = new RegExp(`(${NAME})="((?:[^"\\\\\\n]|\\\\[\\\\"n])*)"(,|$)`, 'y');

export class Exposition {
  readonly samples: readonly Sample[];
  /** By metric. */
  readonly types: ReadonlyMap<string, string>;

  /** @throws Error with the first line that is wrong, or a series that is there twice. */
  static parse(text: string): Exposition {
    const types = new Map<string, string>();
    const samples: Sample[] = [];
    const seen = new Set<string>();
    if (!text.endsWith('\n')) throw new Error('the last line does not end');
    for (const line of text.split('\n')) {
      const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
      if (type !== null) types.set(type[1]!, type[2]!);
      else if (line !== '' && !line.startsWith('# HELP ')) {
        const sample = parseSample(line);
        const key = seriesKey(sample);
        if (seen.has(key)) throw new Error(`there twice: ${line}`);
        seen.add(key);
        samples.push(sample);
      }
    }
    return new Exposition(samples, types);
  }

  private constructor(samples: readonly Sample[], types: ReadonlyMap<string, string>) {
    this.samples = samples;
    this.types = types;
  }

  /** Samples of that name that have these labels, and perhaps others. */
  all(name: string, labels: Readonly<Record<string, string>> = {}): Sample[] {
    const wanted = Object.entries(labels);
    return this.samples.filter(
      (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
    );
  }

  /** Their sum; 0 when there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.all(name, labels).reduce((total, { value }) => total + value, 0);
  }

  /** What must never fall: counters and the parts of histograms, by series. */
  monotonic(): Map<string, number> {
    const found = this.samples.filter(({ name }) => {
      const type = this.types.get(name) ?? this.types.get(name.replace(/_(bucket|sum|count)$/, ''));
      return type === 'counter' || type === 'histogram';
    });
    return new Map(found.map((sample) => [seriesKey(sample), sample.value]));
  }
}

function parseSample(line: string): Sample {
  const parts = LINE.exec(line);
  if (parts === null) throw new Error(`no sample: ${line}`);
  const value = parts[3] === '+Inf' ? Number.POSITIVE_INFINITY : Number(parts[3]);
  if (Number.isNaN(value)) throw new Error(`no number: ${line}`);
  return { name: parts[1]!, labels: parseLabels(parts[2] ?? '', line), value };
}

function parseLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (LABEL.lastIndex = 0; LABEL.lastIndex < text.length; ) {
    const label = LABEL.exec(text);
    if (label === null) throw new Error(`wrong labels: ${line}`);
    labels[label[1]!] = label[2]!.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

function seriesKey({ name, labels }: Sample): string {
  return `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
}
