// UDP passed on as it is: single datagrams, and bursts as a network card and the kernel deliver them. Clients and server are small
// programs in C++, because Node's sockets need more time for a datagram than the proxies do.

import { COMPILER, compiled } from '../lab/compile.ts';
import { askDatagram } from '../load/ask-datagram.ts';
import { type DatagramsPlan, type DatagramsResult, datagramArguments } from '../load/datagrams-plan.ts';
import { runProgram } from '../load/program.ts';
import { type CpuReading, cpuBetween, readCpu } from '../measure/cpu-time.ts';
import { readMemory } from '../measure/memory.ts';
import type { Sample } from '../report/metrics.ts';
import type { UpstreamName } from '../upstream/upstreams.ts';
import { oneEach, type Scenario, type Trial } from './scenario.ts';

interface UdpScenario extends Pick<DatagramsPlan, 'clients' | 'bytes' | 'burst' | 'gathers'> {
  readonly name: string;
  readonly summary: string;
  readonly upstream: UpstreamName;
}

/** Every datagram passes the proxy, and so does its echo. */
const WAYS = 2;

export const UDP_SCENARIOS: readonly Scenario[] = [
  udpScenario({
    name: 'udp-small',
    summary: 'UDP: 64 clients, a datagram of 64 bytes and its echo in turn',
    upstream: 'echo',
    clients: 64,
    bytes: 64,
    burst: 1,
    gathers: false,
  }),
  udpScenario({
    name: 'udp-bursts',
    summary:
      'UDP: 4 clients, bursts of 32 datagrams of 1,200 bytes and their echoes, each burst one message of the kernel (GSO, GRO)',
    upstream: 'gathered-echo',
    clients: 4,
    bytes: 1_200,
    burst: 32,
    gathers: true,
  }),
];

function udpScenario(options: UdpScenario): Scenario {
  const { name, summary, upstream } = options;
  return {
    name,
    summary,
    upstream,
    tools: [COMPILER],
    metrics: ['datagramsPerSecond', 'cpuUsPerDatagram', 'coreShare', 'lostDatagrams', 'pssBytes', 'rssBytes'],
    subjects: (proxies) => oneEach(proxies, { downstream: 'udp' }),
    measure: (trial) => measureDatagrams(trial, options),
    loadSeconds: (seconds, warmUpSeconds) => seconds + warmUpSeconds,
  };
}

async function measureDatagrams({ lab, proxy }: Trial, options: UdpScenario): Promise<Sample> {
  const { clients, bytes, burst, gathers } = options;
  const { port } = proxy.site;
  await askDatagram(port, bytes);
  const plan: DatagramsPlan = { ...lab.timing, port, clients, bytes, burst, gathers };
  let before: CpuReading | undefined;
  const command = [compiled('datagram-clients', lab.folder), ...datagramArguments(plan)];
  const result = await runProgram<DatagramsResult>(lab, command, () => {
    before = readCpu(proxy.pid);
  });
  const { microseconds } = cpuBetween(before!, readCpu(proxy.pid));
  const { sent, echoed, durationUs } = result;
  if (echoed === 0) throw new Error(`not one of ${sent} datagrams was echoed`);
  return {
    datagramsPerSecond: (WAYS * echoed) / (durationUs / 1e6),
    cpuUsPerDatagram: microseconds / (WAYS * echoed),
    coreShare: microseconds / durationUs,
    lostDatagrams: sent - echoed,
    ...readMemory(proxy.pid),
  };
}
