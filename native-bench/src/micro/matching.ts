// From a request to its router, in snapshots of different sizes: the last router is asked for, and one that is not there.

import { decodeStaticText, type HttpConfiguration, type RouterConfiguration } from '@sluice/config';
import { compileConfiguration, type RequestView, SnapshotMatcher, SnapshotReader } from '@sluice/routing';
import { hostOf, numbers } from '../proxies/proxy.ts';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';

export const MATCHING: readonly MicroGroup[] = [1, 1_000, 100_000].map((count) => ({
  title: `snapshot of ${count} router(s)`,
  make: () => matchBenchmarks(count),
}));

function matchBenchmarks(count: number): MicroBenchmark[] {
  const byHost = matcherOf(numbers(count).map((index) => `Host(\`${hostOf(index)}\`)`));
  const byPath = matcherOf(numbers(count).map((index) => `PathPrefix(\`/service-${index}\`)`));
  const last = count - 1;
  const nobody = requestTo('nobody.bench.example', '/');
  const toHost = requestTo(hostOf(last), '/catalogue/page');
  const toPath = requestTo('bench.example', `/service-${last}/page`);
  return [
    { name: `host, last of ${count}`, run: () => byHost.match(0, toHost) },
    { name: `host, none of ${count}`, run: () => byHost.match(0, nobody) },
    { name: `path prefix, last of ${count}`, run: () => byPath.match(0, toPath) },
  ];
}

function matcherOf(rules: readonly string[]): SnapshotMatcher {
  const { configuration } = decodeStaticText('entryPoints: { web: { address: ":80" } }', 'yaml', 'bench.yaml');
  const { bytes } = compileConfiguration({
    revision: 1,
    entryPoints: configuration.entryPoints,
    providerPrecedence: configuration.providers.precedence,
    defaultServersTransport: configuration.serversTransport,
    statusRow: () => 0,
    http: httpConfiguration(rules),
  });
  return new SnapshotMatcher(SnapshotReader.open(bytes));
}

function httpConfiguration(rules: readonly string[]): HttpConfiguration {
  const router = (rule: string): RouterConfiguration => ({
    entryPoints: [],
    rule,
    priority: 0n,
    middlewares: [],
    service: 'all@file',
  });
  const servers = [{ url: 'http://127.0.0.1:1', weight: 1, preservePath: false }];
  const loadBalancer = { servers, strategy: 'wrr', passHostHeader: true, serversTransport: '' } as const;
  return {
    routers: Object.fromEntries(rules.map((rule, index) => [`router-${index}@file`, router(rule)])),
    services: { 'all@file': { loadBalancer } },
    middlewares: {},
    serversTransports: {},
  };
}

function requestTo(host: string, path: string): RequestView {
  return {
    host,
    path,
    method: 'GET',
    query: undefined,
    clientAddress: new Uint8Array(16),
    headerValues: () => [],
  };
}
