// `npm run bench:micro`: every hot function alone, timed by mitata; the table goes to native-bench/results/<date>.
// Options: parts of group titles or names to narrow the run, `--seconds N` for each function, `--out DIR`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { measure } from 'mitata';
import { loadAverageNow, processorName } from '../report/environment.ts';
import { folderNameOf } from '../report/save.ts';
import { ACCESS_LINES } from './access-lines.ts';
import { CHUNKS, PATHS } from './bodies-and-paths.ts';
import { CLIENT_HELLOS } from './client-hellos.ts';
import { FRAMES } from './frames.ts';
import { HEADER_BLOCKS } from './header-blocks.ts';
import { HEADS } from './heads.ts';
import { MATCHING } from './matching.ts';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';
import type { MicroResults, MicroRow } from './micro-results.ts';
import { CONNECTION_PICKERS, COUNTERS, PICKERS } from './pickers.ts';
import { renderMicro } from './render-micro.ts';
import { REQUEST_COUNTING } from './request-counting.ts';
import { WRITING } from './writing.ts';

const RESULTS = join(import.meta.dirname, '../../results');
const GROUPS: readonly MicroGroup[] = [
  ...[HEADS, WRITING, ...MATCHING, PICKERS, CONNECTION_PICKERS, COUNTERS, CHUNKS, PATHS],
  ...[REQUEST_COUNTING, ACCESS_LINES, HEADER_BLOCKS, FRAMES, CLIENT_HELLOS],
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '1' }, out: { type: 'string' } },
});

async function main(): Promise<void> {
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 60))
    throw new Error(`--seconds must be above 0 and at most 60, not ${values.seconds}`);
  const environment = {
    startedAt: new Date().toISOString(),
    processor: processorName(),
    kernel: release(),
    node: process.versions.node,
    loadAverage: loadAverageNow(),
  };
  const groups: MicroResults['groups'][number][] = [];
  for (const { title, make } of GROUPS) {
    if (!isWanted(title)) continue;
    const rows: MicroRow[] = [];
    for (const benchmark of make()) rows.push(await timed(benchmark, seconds));
    groups.push({ title, rows });
    process.stderr.write(`${title}: ${rows.length} timed\n`);
  }
  if (groups.length === 0) throw new Error(`no group matches; known: ${GROUPS.map(({ title }) => title).join(', ')}`);
  save({ environment, groups });
}

function isWanted(title: string): boolean {
  return positionals.length === 0 || positionals.some((part) => title.includes(part));
}

async function timed({ name, run, bytes }: MicroBenchmark, seconds: number): Promise<MicroRow> {
  const { used_heap_size: before } = getHeapStatistics();
  const heapNow = () => getHeapStatistics().used_heap_size - before;
  // Reading the heap takes time that the library adds to the limit for us; it is in no sample.
  const stats = await measure(run, { min_cpu_time: seconds * 1e9, heap: heapNow });
  return {
    name,
    p50Ns: stats.p50,
    minNs: stats.min,
    p99Ns: stats.p99,
    averageNs: stats.avg,
    heapBytes: stats.heap === undefined || !Number.isFinite(stats.heap.avg) ? undefined : stats.heap.avg,
    bytes,
  };
}

function save(results: MicroResults): void {
  const folder = values.out ?? join(RESULTS, folderNameOf(new Date()));
  mkdirSync(folder, { recursive: true });
  const text = renderMicro(results);
  writeFileSync(join(folder, 'micro.json'), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(folder, 'micro.md'), text);
  process.stdout.write(`${text}\n`);
  process.stderr.write(`saved in ${relative(process.cwd(), folder)}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
