// What a report must say about the machine and the programs, so that its numbers mean something. Reads only.

import { readFileSync } from 'node:fs';
import { loadavg, release } from 'node:os';
import { KEY_SENTENCE } from '../lab/credentials.ts';
import type { Lab } from '../lab/lab.ts';
import { describeNetwork } from '../lab/own-network.ts';
import { firstLineOf } from '../lab/tools.ts';
import { H2LOAD } from '../load/h2load.ts';
import { TLS_SENTENCE } from '../load/tls-choices.ts';
import type { ProxyKind } from '../proxies/proxy.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { Environment } from './results.ts';

export function describeEnvironment(
  { cores }: Lab,
  proxies: readonly ProxyKind[],
  scenarios: readonly Scenario[],
): Environment {
  const list = (numbers: readonly number[]) => numbers.join(',');
  const load = loadAverageNow();
  return {
    startedAt: new Date().toISOString(),
    kernel: release(),
    network: describeNetwork(),
    processor: processorName(),
    cores: {
      proxy: list(cores.proxy),
      load: list(cores.load),
      upstream: list(cores.upstream),
      two: list(cores.two),
    },
    twoShare: !cores.twoAreApart,
    node: `${process.versions.node}, OpenSSL ${process.versions.openssl}`,
    wrk: `wrk ${/^wrk (\S+)/.exec(firstLineOf('wrk', ['-v']))?.[1] ?? '?'}`,
    ...(scenarios.some(({ tools = [] }) => tools.includes(H2LOAD))
      ? { h2load: firstLineOf('h2load', ['--version']) }
      : {}),
    ...(scenarios.some((scenario) => usesTls(scenario, proxies)) ? { tls: `${TLS_SENTENCE}; ${KEY_SENTENCE}` } : {}),
    proxies: Object.fromEntries(proxies.map(({ name, version }) => [name, version()])),
    choices: Object.fromEntries(proxies.map(({ name, choices }) => [name, choices])),
    loadAverage: { before: load, after: load },
  };
}

function usesTls({ subjects }: Scenario, proxies: readonly ProxyKind[]): boolean {
  return subjects(proxies).some(({ site }) => site.downstream === 'tls');
}

export function loadAverageNow(): number {
  return loadavg()[0]!;
}

export function processorName(): string {
  const text = readFileSync('/proc/cpuinfo', 'utf8');
  return /^model name\s*:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? 'unknown processor';
}
