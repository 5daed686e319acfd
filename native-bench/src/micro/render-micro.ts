// The table of micro benchmarks. Rendering only.

import type { MicroResults } from './micro-results.ts';

export function renderMicro({ environment, groups }: MicroResults): string {
  const { startedAt, processor, kernel, node, loadAverage } = environment;
  const head = [
    `# Micro benchmarks, ${startedAt.slice(0, 10)}`,
    `${processor}; Linux ${kernel}; Node ${node}; load average ${loadAverage.toFixed(2)} before. One function at a time, alone ` +
      'in its process, its input and its code warm: a lower bound of what it costs in a worker.',
  ];
  const tables = groups.map(({ title, rows }) => {
    const lines = rows.map(
      ({ name, p50Ns, minNs, p99Ns, heapBytes, bytes }) =>
        `| ${name} | ${nanoseconds(p50Ns)} | ${nanoseconds(minNs)} | ${nanoseconds(p99Ns)} | ${heap(heapBytes)} | ${rate(p50Ns, bytes)} |`,
    );
    const columns = `| | median | fastest | p99 | heap bytes | ns/byte |\n|---|---:|---:|---:|---:|---:|`;
    return `## ${title}\n\n${[columns, ...lines].join('\n')}`;
  });
  return `${[...head, ...tables].join('\n\n')}\n`;
}

function nanoseconds(value: number): string {
  if (value >= 1_000_000) return `${(value / 1_000_000).toFixed(2)} ms`;
  if (value >= 10_000) return `${(value / 1_000).toFixed(1)} µs`;
  return `${value.toFixed(value < 100 ? 1 : 0)} ns`;
}

/** Below one byte a run is the harness. */
function heap(bytes: number | undefined): string {
  return bytes === undefined ? '–' : bytes < 1 ? '0' : bytes.toFixed(0);
}

function rate(ns: number, bytes: number | undefined): string {
  return bytes === undefined ? '' : (ns / bytes).toFixed(3);
}
