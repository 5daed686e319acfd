// Other processes for the tests of this package: a Node with the same addon, and the Python that building it needs
// anyway, for what our own API refuses to send. Every child has a time limit.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const LIMIT_MS = 60_000;

export interface ChildResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  /** Inherited as descriptors 3, 4, … */
  readonly descriptors?: readonly number[];
  /** What the child has as standard input. Default: nothing. */
  readonly input?: number;
  readonly uid?: number;
  readonly nodeFlags?: readonly string[];
  /** Shell command in front of the program, such as `ulimit -n 64`. */
  readonly before?: string;
}

/** Runs a program; `native` is the namespace of this package and `print` writes one JSON value as a line. */
export function runNode(program: string, options: ChildOptions = {}): Promise<ChildResult> {
  const entry = JSON.stringify(new URL('../src/index.ts', import.meta.url).href);
  const source = `import * as native from ${entry};
    const print = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
    ${program}`;
  const flags = ['--disable-warning=ExperimentalWarning', ...(options.nodeFlags ?? [])];
  return run(process.execPath, [...flags, '--input-type=module', '-e', source], options);
}

/** Runs a program of `test/programs`. */
export function runProgram(path: string, options: ChildOptions = {}): Promise<ChildResult> {
  return run(process.execPath, ['--disable-warning=ExperimentalWarning', path], options);
}

export function runPython(program: string, ...values: string[]): Promise<ChildResult> {
  return run('python3', ['-c', program, ...values], {});
}

async function run(file: string, values: string[], options: ChildOptions): Promise<ChildResult> {
  const settings: SpawnOptions = {
    stdio: [options.input ?? 'ignore', 'pipe', 'pipe', ...(options.descriptors ?? [])],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  };
  const child: ChildProcess =
    options.before === undefined
      ? spawn(file, values, settings)
      : spawn('/bin/sh', ['-c', `${options.before} && exec "$0" "$@"`, file, ...values], settings);
  const output = Promise.all([text(child.stdout!), text(child.stderr!)]);
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  const [stdout, stderr] = await output;
  return { status, signal, stdout, stderr };
}
