// `npm run bench`: options, tools, the run, the report. Whatever happens, everything that was started is stopped: at the
// end, on a failure, on Ctrl-C.

import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { type BenchOptions, HELP, parseCommandLine } from './command-line.ts';
import { Lab } from './lab/lab.ts';
import { enterOwnNetwork } from './lab/own-network.ts';
import { BASE_TOOLS, requireTools, type Tool } from './lab/tools.ts';
import { type ProxyKind, toolsOf } from './proxies/proxy.ts';
import { defaultPeers, peersNamed, sluice } from './proxies/registry.ts';
import { renderScenario } from './report/markdown.ts';
import { failuresOf } from './report/results.ts';
import { folderNameOf, ReportFolder } from './report/save.ts';
import { estimate, runBenchmark } from './run-benchmark.ts';
import { SCENARIOS, scenariosNamed } from './scenarios/registry.ts';
import type { Scenario } from './scenarios/scenario.ts';

const RESULTS = join(import.meta.dirname, '../results');

const say = (line: string) => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const options = parseCommandLine(process.argv.slice(2));
  if (options.action === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.action === 'list') {
    process.stdout.write(SCENARIOS.map(({ name, summary }) => `${name.padEnd(18)} ${summary}\n`).join(''));
    return 0;
  }
  const scenarios = options.scenarios === undefined ? SCENARIOS : scenariosNamed(options.scenarios);
  const peers = options.peers === undefined ? defaultPeers() : peersNamed(options.peers);
  const proxies = [sluice, ...peers];
  const needed = [...BASE_TOOLS, ...scenarios.flatMap((scenario) => toolsFor(scenario, proxies))];
  requireTools([...new Set(needed)], say, 'name the peers you have with --peers');
  // After the installation, which needs the machine's network.
  enterOwnNetwork();
  return await run(options, scenarios, proxies);
}

/** Its own, and those of the proxies that take part in it. */
function toolsFor({ tools = [], subjects }: Scenario, proxies: readonly ProxyKind[]): readonly Tool[] {
  return [...tools, ...subjects(proxies).flatMap(({ kind, site }) => toolsOf(kind, site))];
}

async function run(
  options: BenchOptions,
  scenarios: readonly Scenario[],
  proxies: readonly ProxyKind[],
): Promise<number> {
  const lab = new Lab(options);
  const interrupted = stopOnSignals(lab);
  try {
    pinSelf(lab.cores.load);
    await lab.open(scenarios.map(({ upstream }) => upstream));
    const report = new ReportFolder(options.out ?? join(RESULTS, folderNameOf(new Date())));
    const minutes = Math.ceil(estimate({ lab, scenarios, proxies, rounds: options.rounds }) / 60);
    say(`about ${minutes} minute(s); results go to ${relative(process.cwd(), report.path)}`);
    const results = await runBenchmark({ lab, report, scenarios, proxies, rounds: options.rounds, say });
    process.stdout.write(`\n${results.scenarios.flatMap(renderScenario).join('\n\n')}\n`);
    return failuresOf(results).length === 0 ? 0 : 1;
  } catch (error) {
    if (interrupted() === undefined) throw error;
    return 130;
  } finally {
    await lab.close();
  }
}

/** Everything is stopped at once; measurements under way fail then, and the run ends with the first of them. */
function stopOnSignals(lab: Lab): () => NodeJS.Signals | undefined {
  let first: NodeJS.Signals | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (first !== undefined) return;
      first = signal;
      say(`${signal}: stopping everything`);
      void lab.close().finally(() => process.exit(130));
    });
  }
  return () => first;
}

/** This process writes files and reads counters during measurements: away from the core of the proxy. */
function pinSelf(cores: readonly number[]): void {
  spawnSync('taskset', ['-a', '-p', '-c', cores.join(','), String(process.pid)], { stdio: 'ignore' });
}

try {
  process.exitCode = await main();
} catch (error) {
  say((error as Error).message);
  process.exitCode = 1;
}
