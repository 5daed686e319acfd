// New TLS connections, one request each: what a handshake costs the proxy, with a signature and from a ticket.
// A handshake costs a client about as much as a server, so the proxy need not be busy all the time: compare CPU per handshake.

import type { HandshakesPlan, HandshakesResult } from '../load/handshakes-plan.ts';
import { get } from '../load/load-request.ts';
import { commandOf, runProgram } from '../load/program.ts';
import { checkAnswer } from '../measure/check-answer.ts';
import { type CpuReading, cpuBetween, readCpu } from '../measure/cpu-time.ts';
import { readMemory } from '../measure/memory.ts';
import type { Sample } from '../report/metrics.ts';
import { SMALL_ANSWER } from '../upstream/static-upstream.ts';
import { oneEach, type Scenario, type Trial } from './scenario.ts';

const CONNECTIONS = 64;
/** A server may change its keys, or refuse a ticket now and then; more than that is another scenario. */
const RESUMED_SHARE_MIN = 0.99;

export const HANDSHAKE_SCENARIOS: readonly Scenario[] = [
  handshakeScenario('handshakes-full', 'full handshakes', false),
  handshakeScenario(
    'handshakes-resumed',
    'handshakes from a ticket of the connection before (with key exchange)',
    true,
  ),
];

function handshakeScenario(name: string, what: string, resume: boolean): Scenario {
  return {
    name,
    summary: `a new TLS connection for each request, ${CONNECTIONS} at a time: ${what}; the server side is kept alive`,
    upstream: 'static',
    metrics: [
      'handshakesPerSecond',
      'cpuUsPerHandshake',
      'resumedShare',
      'coreShare',
      'p50Us',
      'p99Us',
      'p999Us',
      'pssBytes',
      'rssBytes',
      'errors',
    ],
    subjects: (proxies) => oneEach(proxies, { downstream: 'tls' }),
    measure: (trial) => measureHandshakes(trial, resume),
    loadSeconds: (seconds, warmUpSeconds) => seconds + warmUpSeconds + 1,
  };
}

async function measureHandshakes({ lab, proxy }: Trial, resume: boolean): Promise<Sample> {
  const { port } = proxy.site;
  const request = get('/', { headers: { Connection: 'close' } });
  await checkAnswer(port, { protocol: 'https', request, bodyBytes: SMALL_ANSWER.length });
  const plan: HandshakesPlan = { port, connections: CONNECTIONS, seconds: lab.timing.seconds, resume };
  const run = (seconds: number, whenReady: () => void) =>
    runProgram<HandshakesResult>(lab, commandOf('handshakes-main.ts', { ...plan, seconds }), whenReady);
  checkHandshakes(await run(lab.timing.warmUpSeconds, () => {}), resume);
  let before: CpuReading | undefined;
  const result = await run(plan.seconds, () => {
    before = readCpu(proxy.pid);
  });
  const { microseconds } = cpuBetween(before!, readCpu(proxy.pid));
  checkHandshakes(result, resume);
  const { handshakes, resumed, failed, durationUs, p50Us, p99Us, p999Us } = result;
  return {
    handshakesPerSecond: handshakes / (durationUs / 1e6),
    cpuUsPerHandshake: microseconds / handshakes,
    resumedShare: resumed / handshakes,
    coreShare: microseconds / durationUs,
    p50Us,
    p99Us,
    p999Us,
    ...readMemory(proxy.pid),
    errors: failed,
  };
}

/** @throws Error when sessions were resumed that should not have been, or the other way round. */
export function checkHandshakes({ handshakes, resumed, failed }: HandshakesResult, resume: boolean): void {
  if (handshakes === 0) throw new Error(`no handshake succeeded; ${failed} failed`);
  const share = resumed / handshakes;
  if (resume ? share >= RESUMED_SHARE_MIN : resumed === 0) return;
  throw new Error(`${resumed} of ${handshakes} handshakes resumed a session; ${resume ? 'all' : 'none'} should have`);
}
