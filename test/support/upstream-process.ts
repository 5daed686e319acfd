// Starts, kills and restarts an upstream server process on one port. It ends with the test, and with the test's process.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './free-port.ts';

const ENTRY = join(import.meta.dirname, 'upstream-main.ts');

export class UpstreamProcess {
  port = 0;
  private readonly name: string;
  private child: ChildProcess | undefined;

  static async start(context: TestContext, name: string): Promise<UpstreamProcess> {
    const upstream = new UpstreamProcess(name);
    context.after(() => upstream.kill());
    await upstream.start();
    return upstream;
  }

  private constructor(name: string) {
    this.name = name;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** On the same port as before. */
  async start(): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    const child = fork(ENTRY, [this.name, String(this.port)], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.child = child;
    const [text] = await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(() => [''])]);
    this.port = Number(text);
    if (!(this.port > 0)) throw new Error(`the upstream server ${this.name} did not start`);
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
