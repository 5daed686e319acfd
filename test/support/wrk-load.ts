// The load of wrk beside the exact one: as many requests as its connections can carry, counted by wrk itself. It knows how
// many failed and how, not which; the program comes from Debian.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { get } from '../../native-bench/src/load/load-request.ts';
import { parseWrkOutput, type WrkResult } from '../../native-bench/src/load/wrk-output.ts';
import { wrkScript } from '../../native-bench/src/load/wrk-script.ts';

/** Longer than any test: it is stopped when the test has seen enough. */
const DURATION = '1h';
/** A connection may wait for the successor of its worker, which comes late after many crashes. */
const TIMEOUT = '20s';

export class WrkLoad {
  private readonly child: ChildProcess;
  private readonly output: Promise<string>;

  /** @throws Error in one sentence when wrk is missing and cannot be installed. */
  static start(context: TestContext, port: number, connections: number): WrkLoad {
    requireTools([{ command: 'wrk', debianPackage: 'wrk' }], (line) => context.diagnostic(line));
    const folder = mkdtempSync(join(tmpdir(), 'sluice-wrk-'));
    const load = new WrkLoad(folder, port, connections);
    context.after(async () => {
      await load.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    return load;
  }

  private constructor(folder: string, port: number, connections: number) {
    writeFileSync(join(folder, 'wrk.lua'), wrkScript(get('/')));
    const options = ['-t1', `-c${connections}`, `-d${DURATION}`, '--timeout', TIMEOUT, '--latency', '-s', 'wrk.lua'];
    this.child = spawn(findTool('wrk')!, [...options, `http://127.0.0.1:${port}/`], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.output = text(this.child.stdout!);
  }

  /** What it has counted. Requests that it has under way are cut off, and count nowhere. */
  async stop(): Promise<WrkResult> {
    // wrk ends its run on SIGINT and reports.
    await this.end('SIGINT');
    return parseWrkOutput(await this.output);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

/** One line for reports. */
export function wrkSummary(result: WrkResult): string {
  const { requests, durationUs, connectErrors, readErrors, writeErrors, statusErrors, timeouts } = result;
  const errors = `connect ${connectErrors}, read ${readErrors}, write ${writeErrors}, status ${statusErrors}`;
  const perSecond = Math.round(requests / (durationUs / 1e6));
  return `wrk: ${requests} requests (${perSecond}/s), errors: ${errors}, timeout ${timeouts}`;
}
