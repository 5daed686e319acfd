// TCP passed on as it is: small exchanges, much in one direction, new connections. Both ends are small programs in C++ that do no more
// than count, so that the proxy's core is what is busy.

import { COMPILER, compiled } from '../lab/compile.ts';
import { askExchange } from '../load/ask-exchange.ts';
import { type ExchangesPlan, type ExchangesResult, exchangeArguments } from '../load/exchanges-plan.ts';
import { runProgram } from '../load/program.ts';
import { type CpuReading, cpuBetween, readCpu } from '../measure/cpu-time.ts';
import { readMemory } from '../measure/memory.ts';
import { haproxy, haproxySplicing } from '../proxies/haproxy.ts';
import type { ProxyKind } from '../proxies/proxy.ts';
import type { Metric, Sample } from '../report/metrics.ts';
import { type ExchangeShape, REQUEST_BYTES, SMALL_EXCHANGE } from '../upstream/exchange-protocol.ts';
import { oneEach, type Scenario, type Trial } from './scenario.ts';

const GIB = 2 ** 30;
const BULK_BYTES = 64 * 1024 * 1024;
const CONNECTIONS = 64;
/** So that what is under way fits into the machine's caches and socket buffers. */
const FEW_CONNECTIONS = 4;

const LATENCIES: readonly Metric[] = ['p50Us', 'p99Us', 'p999Us'];
const MEMORY: readonly Metric[] = ['pssBytes', 'rssBytes'];

interface TcpScenario {
  readonly name: string;
  readonly summary: string;
  readonly shape: ExchangeShape;
  readonly connections: number;
  readonly reconnects?: boolean;
  /** Who takes part; default: who can. */
  readonly takingPart?: (proxies: readonly ProxyKind[]) => readonly ProxyKind[];
  readonly metrics: readonly Metric[];
  /** The numbers that belong to this kind. */
  readonly numbers: (load: MeasuredLoad) => Sample;
}

interface MeasuredLoad {
  readonly exchanges: number;
  readonly seconds: number;
  /** Of the proxy. */
  readonly cpuUs: number;
}

export const TCP_SCENARIOS: readonly Scenario[] = [
  tcpScenario({
    name: 'tcp-small',
    summary: `TCP: ${REQUEST_BYTES} bytes each way, in turn, over ${CONNECTIONS} connections that stay`,
    shape: SMALL_EXCHANGE,
    connections: CONNECTIONS,
    metrics: ['exchangesPerSecond', 'cpuUsPerExchange', 'coreShare', ...LATENCIES, ...MEMORY, 'errors'],
    numbers: ({ exchanges, seconds, cpuUs }) => ({
      exchangesPerSecond: exchanges / seconds,
      cpuUsPerExchange: cpuUs / exchanges,
    }),
  }),
  bulkScenario('tcp-bulk', 'downloads', { uploadBytes: 0, answerBytes: BULK_BYTES }),
  bulkScenario('tcp-bulk-up', 'uploads', { uploadBytes: BULK_BYTES, answerBytes: REQUEST_BYTES }),
  tcpScenario({
    name: 'tcp-connections',
    summary: `TCP: a new connection for each exchange of ${REQUEST_BYTES} bytes each way, ${CONNECTIONS} at a time; the client closes`,
    shape: SMALL_EXCHANGE,
    connections: CONNECTIONS,
    reconnects: true,
    metrics: ['connectionsPerSecond', 'cpuUsPerConnection', 'coreShare', ...LATENCIES, ...MEMORY, 'errors'],
    numbers: ({ exchanges, seconds, cpuUs }) => ({
      connectionsPerSecond: exchanges / seconds,
      cpuUsPerConnection: cpuUs / exchanges,
    }),
  }),
];

function bulkScenario(name: string, what: string, shape: ExchangeShape): Scenario {
  return tcpScenario({
    name,
    summary: `TCP: ${what} of 64 MiB, one after the other over ${FEW_CONNECTIONS} connections`,
    shape,
    connections: FEW_CONNECTIONS,
    takingPart: (proxies) => proxies.flatMap((kind) => (kind === haproxy ? [haproxy, haproxySplicing] : [kind])),
    metrics: ['gibPerSecond', 'cpuSecondsPerGib', 'coreShare', ...MEMORY, 'errors'],
    numbers: ({ exchanges, seconds, cpuUs }) => {
      const gib = (exchanges * BULK_BYTES) / GIB;
      return { gibPerSecond: gib / seconds, cpuSecondsPerGib: cpuUs / 1e6 / gib };
    },
  });
}

function tcpScenario(options: TcpScenario): Scenario {
  const { name, summary, metrics, takingPart = (proxies) => proxies } = options;
  return {
    name,
    summary,
    upstream: 'exchanges',
    tools: [COMPILER],
    metrics,
    subjects: (proxies) => oneEach(takingPart(proxies), { downstream: 'tcp' }),
    measure: (trial) => measureExchanges(trial, options),
    loadSeconds: (seconds, warmUpSeconds) => seconds + warmUpSeconds,
  };
}

async function measureExchanges({ lab, proxy }: Trial, options: TcpScenario): Promise<Sample> {
  const { shape, connections, reconnects = false, metrics, numbers } = options;
  const { port } = proxy.site;
  await askExchange(port, shape);
  const plan: ExchangesPlan = { ...shape, ...lab.timing, port, connections, reconnects };
  const command = [compiled('exchange-clients', lab.folder), ...exchangeArguments(plan)];
  let before: CpuReading | undefined;
  const result = await runProgram<ExchangesResult>(lab, command, () => {
    before = readCpu(proxy.pid);
  });
  const { microseconds } = cpuBetween(before!, readCpu(proxy.pid));
  const { exchanges, failed, durationUs, p50Us, p99Us, p999Us } = result;
  if (exchanges === 0) throw new Error(`no exchange succeeded; ${failed} failed`);
  return {
    ...numbers({ exchanges, seconds: durationUs / 1e6, cpuUs: microseconds }),
    coreShare: microseconds / durationUs,
    ...(metrics.includes('p50Us') ? { p50Us, p99Us, p999Us } : {}),
    ...readMemory(proxy.pid),
    errors: failed,
  };
}
