// Options of `npm run bench`, checked. Reading only; nothing is looked up on the machine.

import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Names; undefined: all. */
  readonly scenarios: readonly string[] | undefined;
  /** Names; undefined: those that Debian has, and others that are installed. */
  readonly peers: readonly string[] | undefined;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly rounds: number;
  /** Undefined: a new folder in native-bench/results. */
  readonly out: string | undefined;
  readonly action: 'run' | 'list' | 'help';
}

export const HELP = `Usage: npm run bench -- [options]

Measures Sluice side by side with other proxies and writes a report.

  --scenario a,b   only these (default: all; --list shows them)
  --peers a,b      haproxy, nginx, caddy, traefik, envoy, or none (default: the first three, the others where installed)
  --seconds N      of load in one measurement, 1 … 600 (default 10)
  --warm-up N      seconds of load before each measurement, 1 … 600 (default 3)
  --rounds N       measurements of each proxy, taken in turns, 1 … 100 (default 5)
  --out DIR        folder for the results (default native-bench/results/<date>)
  --list           scenarios, with what they do
  --help           this text

As root on Debian or Ubuntu, missing programs are installed. Two processors or more are needed.
`;

/** @throws Error with one sentence for whatever is wrong. */
export function parseCommandLine(args: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', multiple: true },
      peers: { type: 'string', multiple: true },
      seconds: text,
      'warm-up': text,
      rounds: text,
      out: text,
      list: flag,
      help: flag,
    },
  });
  return {
    scenarios: names(values.scenario),
    peers: names(values.peers)?.filter((name) => name !== 'none'),
    seconds: whole('seconds', values.seconds, 10, 600),
    warmUpSeconds: whole('warm-up', values['warm-up'], 3, 600),
    rounds: whole('rounds', values.rounds, 5, 100),
    out: values.out,
    action: values.help === true ? 'help' : values.list === true ? 'list' : 'run',
  };
}

function names(values: readonly string[] | undefined): string[] | undefined {
  return values?.flatMap((value) => value.split(',').map((name) => name.trim())).filter((name) => name !== '');
}

function whole(name: string, value: string | undefined, standard: number, max: number): number {
  if (value === undefined) return standard;
  if (/^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= max) return Number(value);
  throw new Error(`--${name} must be a whole number from 1 to ${max}, not "${value}"`);
}
