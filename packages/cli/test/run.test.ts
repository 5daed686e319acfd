// `sluice run` as a process: serves what the files say, and leaves when asked.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../test/support/free-port.ts';

const command = join(import.meta.dirname, '../bin/sluice');
const START_TIMEOUT_MS = 60_000;

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Asks until something listens. */
async function answer(url: string, child: ChildProcess): Promise<Response> {
  const end = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    assert.equal(child.exitCode, null, 'sluice has ended');
    try {
      return await fetch(url, { headers: { connection: 'close' } });
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(50);
    }
  }
}

test('run: serves what the files say, warns about ignored flags, drains on SIGTERM', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-run-'));
  const upstream = createServer((request, response) => response.end(`upstream saw ${request.url}`));
  let child: ChildProcess | undefined;
  try {
    const upstreamPort = await listening(upstream);
    const port = await freePort();
    const entryPoint = { address: `127.0.0.1:${port}` };
    const settings = {
      entryPoints: { web: entryPoint },
      providers: { file: { filename: 'dynamic.json.yaml' } },
      workers: 1,
    };
    writeFileSync(join(folder, 'sluice.yaml'), JSON.stringify(settings));
    const servers = [{ url: `http://127.0.0.1:${upstreamPort}` }];
    const routers = { r: { rule: 'PathPrefix(`/a`)', service: 's' } };
    writeFileSync(
      join(folder, 'dynamic.json.yaml'),
      JSON.stringify({ http: { routers, services: { s: { loadBalancer: { servers } } } } }),
    );
    child = spawn(process.execPath, [command, '--log.level=DEBUG'], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let messages = '';
    child.stderr!.on('data', (chunk) => {
      messages += chunk;
    });
    child.stdout!.resume();
    const ended = once(child, 'exit');
    const response = await answer(`http://127.0.0.1:${port}/a/b`, child);
    assert.equal(await response.text(), 'upstream saw /a/b');
    assert.equal((await answer(`http://127.0.0.1:${port}/other`, child)).status, 404);
    assert.match(messages, /--log\.level: ignored, because the configuration is in .*sluice\.yaml/);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
  } finally {
    child?.kill('SIGKILL');
    upstream.closeAllConnections();
    upstream.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
