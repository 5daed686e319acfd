// Counting one exchange as a worker does: labels from the head of the request, then rows of entry point, router and service.
// Everything around it (routing, sending) is left out; the exchange is a stand-in with the few fields that are read.

import { createSharedMemory, mapWritable } from '@sluice/native';
import { DEFAULT_HEAD_LIMITS, parseRequestHead, RequestHead } from '@sluice/protocols';
import { MetricsBlock } from '@sluice/shared-state';
import { ExchangeFacts } from '../../../packages/dataplane/src/http/exchange-facts.ts';
import type { HttpExchange } from '../../../packages/dataplane/src/http/http-exchange.ts';
import { ExchangeMetrics } from '../../../packages/dataplane/src/metrics/exchange-metrics.ts';
import { WorkerMetrics } from '../../../packages/dataplane/src/metrics/worker-metrics.ts';
import { BARE_REQUEST, BROWSER_REQUEST } from './heads.ts';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';

const SHAPE = { rows: 1_024, bounds: [0.1, 0.3, 1.2, 5], textBytes: 448 };

export const REQUEST_COUNTING: MicroGroup = {
  title: 'request counting',
  make: () => [
    countingBenchmark('one label set, bare request', BARE_REQUEST, [200], []),
    countingBenchmark('one label set, browser', BROWSER_REQUEST, [200], []),
    countingBenchmark('four codes in turn, browser', BROWSER_REQUEST, [200, 304, 404, 503], []),
    countingBenchmark('with a header as label, browser', BROWSER_REQUEST, [200], ['user-agent']),
  ],
};

/** `run` gives how many requests the overflow row has, which must stay 0. */
function countingBenchmark(
  name: string,
  bytes: Buffer,
  codes: readonly number[],
  headers: readonly string[],
): MicroBenchmark {
  const memory = createSharedMemory('micro-metrics', MetricsBlock.byteLength(SHAPE));
  const block = MetricsBlock.create(mapWritable(memory.descriptor), SHAPE);
  const settings = { entryPoints: true, routers: true, services: true, internals: false, headers };
  const metrics = new WorkerMetrics(block, settings);
  const route = metrics.ofRoute('shop@file', 'shop@file', -1)!;
  const request = new RequestHead(bytes);
  parseRequestHead(request, bytes, 0, bytes.length, DEFAULT_HEAD_LIMITS);
  const facts = new ExchangeFacts();
  const exchange = {
    request,
    facts,
    requestPipe: { bytesMoved: 0 },
    responsePipe: { bytesMoved: 24, bytesSent: 24 },
    downstream: { entryPoint: { metrics: metrics.ofEntryPoint('web', true) } },
    context: { transport: { now: 2 } },
  } as unknown as HttpExchange;
  const counting = new ExchangeMetrics(exchange, metrics);
  let turn = 0;
  const run = () => {
    facts.begin(1);
    counting.matched(route);
    facts.serverStartedAtMs = 1;
    facts.status = codes[turn++ % codes.length]!;
    facts.serverAnsweredWith(facts.status);
    counting.answered();
    counting.ended(false);
    return block.value(0);
  };
  return { name, run };
}
