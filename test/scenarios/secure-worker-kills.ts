// Scenario: a worker is killed while many TLS connections are open. Its own break; all others answer on, and everybody who comes
// anew is served.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';
import { TlsClient } from '../support/tls-client.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';
import { killWorker } from '../support/worker-kill.ts';

export interface SecureKills {
  readonly connections: number;
  readonly workers: number;
  readonly kills: number;
}

const NAME = 'www.example.test';
/** So many handshakes at once. */
const BATCH = 50;

export async function secureWorkerKills(
  context: TestContext,
  { connections, workers, kills }: SecureKills,
): Promise<void> {
  const upstream = await UpstreamProcess.start(context, 'a');
  const secure = await SecureSite.create(context, {}, { log: { level: 'INFO', format: 'json' } });
  secure.site.writeDynamic(securedTo({ servers: [upstream.url], certificates: [secure.issue(NAME)] }));
  const node = await secure.site.serve({ workers });
  const reach = { port: secure.securePort, name: NAME, ca: readFileSync(secure.authority.certFile) };
  const clients: TlsClient[] = [];
  context.after(() => {
    for (const client of clients) client.close();
  });
  const fill = async () => {
    while (clients.length < connections) {
      const wanted = Math.min(BATCH, connections - clients.length);
      const batch = Array.from({ length: wanted }, () => new TlsClient(reach));
      clients.push(...batch);
      await Promise.all(batch.map((client) => client.secured()));
    }
    await Promise.all(clients.map((client) => client.ask()));
  };
  await fill();
  for (let kill = 0; kill < kills; kill++) {
    const slot = kill % workers;
    const own = await killWorker(node, secure.securePort, slot);
    const hit = clients.filter(({ port }) => own.has(port));
    const rest = clients.filter(({ port }) => !own.has(port));
    assert.ok(hit.length > connections / workers / 2, `slot ${slot} had ${hit.length} of ${connections}`);
    await eventually('all of its connections break', () => hit.every(({ end }) => end !== ''));
    await Promise.all(rest.map((client) => client.ask()));
    assert.deepEqual(
      rest.map(({ end }) => end).filter((end) => end !== ''),
      [],
    );
    clients.splice(0, clients.length, ...rest);
    context.diagnostic(`slot ${slot}: ${hit.length} broke, ${rest.length} answered on`);
    await fill();
  }
  assert.deepEqual(
    node.complaints.filter(({ code }) => !code?.startsWith('WORKER_CRASH')),
    [],
  );
}
