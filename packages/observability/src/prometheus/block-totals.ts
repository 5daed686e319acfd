// What all slots have counted, added up by name and labels. Reads the shared blocks as they are at this moment; every number in
// them only grows as long as its row is used, so no total ever goes back.

import {
  MetricKind,
  type MetricsBlock,
  OVERFLOW_ROW,
  type RowKey,
  readLabels,
  WITH_HEADER_VALUES,
} from '@sluice/shared-state';
import { splitHeaderValues } from '../metrics/header-values.ts';
import type { MetricNames } from './metric-names.ts';
import { namesOf, plainKind } from './row-names.ts';

/** Requests under one set of labels. */
export interface RequestTotal {
  /** Of the entry point, the router and its service, or the service. */
  readonly names: readonly string[];
  readonly labels: { readonly code: string; readonly method: string; readonly protocol: string };
  /** By bucket, not cumulative. */
  readonly buckets: number[];
  seconds: number;
  requestBytes: number;
  responseBytes: number;
  /** Requests by header values, joined by line breaks. Empty when no header is a label. */
  readonly byHeaders: Map<string, number>;
}

export interface NamedTotal {
  readonly name: string;
  /** Of a router: its service. */
  readonly other: string | undefined;
  /** What the kind makes of the row's labels; mostly 0. */
  readonly labels: number;
  value: number;
}

/** Totals by kind and key. */
export class BlockTotals {
  /** Requests that found no row. */
  overflow = 0;
  private readonly requestTotals = new Map<number, Map<string, RequestTotal>>();
  private readonly namedTotals = new Map<number, Map<string, NamedTotal>>();
  private readonly names: MetricNames;
  private readonly headers: number;

  /** @param headers how many header fields are labels. */
  constructor(blocks: readonly MetricsBlock[], names: MetricNames, headers: number) {
    this.names = names;
    this.headers = headers;
    for (const block of blocks) this.addBlock(block);
  }

  /** @param kind one whose rows hold buckets. */
  requests(kind: number): Iterable<RequestTotal> {
    return this.requestTotals.get(kind)?.values() ?? [];
  }

  /** @param kind one whose rows hold one number. */
  named(kind: number): Iterable<NamedTotal> {
    return this.namedTotals.get(kind)?.values() ?? [];
  }

  private addBlock(block: MetricsBlock): void {
    this.overflow += block.requests(OVERFLOW_ROW).buckets.reduce((sum, count) => sum + count, 0);
    const { end } = block;
    for (let row = OVERFLOW_ROW + 1; row < end; row++) {
      if (!block.isUsed(row)) continue;
      const key = block.key(row);
      const names = namesOf(key, this.names);
      if (names === undefined) continue;
      const kind = plainKind(key);
      if (kind !== key.kind) this.addHeaderRow(block, row, key, names);
      else if (isHistogram(kind)) this.addRequests(block, row, key, names);
      else this.addNamed(key, names, block.value(row));
    }
  }

  private addRequests(block: MetricsBlock, row: number, key: RowKey, names: readonly string[]): void {
    const { buckets, seconds, requestBytes, responseBytes, unlabelled } = block.requests(row);
    const total = this.totalOf(key.kind, key, names, buckets.length);
    for (let i = 0; i < buckets.length; i++) total.buckets[i]! += buckets[i]!;
    total.seconds += seconds;
    total.requestBytes += requestBytes;
    total.responseBytes += responseBytes;
    if (unlabelled > 0) addTo(total.byHeaders, '\n'.repeat(this.headers - 1), unlabelled);
  }

  private addHeaderRow(block: MetricsBlock, row: number, key: RowKey, names: readonly string[]): void {
    const total = this.totalOf(key.kind - WITH_HEADER_VALUES, key, names, block.bounds.length + 1);
    addTo(total.byHeaders, splitHeaderValues(key.text).join('\n'), block.value(row));
  }

  private addNamed({ kind, labels }: RowKey, [name, other]: readonly string[], value: number): void {
    const totals = childOf(this.namedTotals, kind);
    const key = `${labels} ${name} ${other}`;
    const total = totals.get(key);
    if (total === undefined) totals.set(key, { name: name!, other, labels, value });
    else total.value += value;
  }

  private totalOf(
    kind: number,
    { name, other, labels }: RowKey,
    names: readonly string[],
    buckets: number,
  ): RequestTotal {
    const totals = childOf(this.requestTotals, kind);
    const key = `${name} ${other} ${labels}`;
    let total = totals.get(key);
    if (total === undefined) {
      total = {
        names,
        labels: readLabels(labels),
        buckets: new Array<number>(buckets).fill(0),
        seconds: 0,
        requestBytes: 0,
        responseBytes: 0,
        byHeaders: new Map(),
      };
      totals.set(key, total);
    }
    return total;
  }
}

/** Rows of these hold buckets; others one number. */
function isHistogram(kind: number): boolean {
  return kind <= MetricKind.SERVICE_REQUESTS || kind === MetricKind.TCP_SERVICE_CONNECTS;
}

function childOf<Child>(parent: Map<number, Map<string, Child>>, kind: number): Map<string, Child> {
  let child = parent.get(kind);
  if (child === undefined) {
    child = new Map();
    parent.set(kind, child);
  }
  return child;
}

function addTo(counts: Map<string, number>, key: string, amount: number): void {
  counts.set(key, (counts.get(key) ?? 0) + amount);
}
