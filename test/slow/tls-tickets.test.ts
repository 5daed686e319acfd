// A session that one worker has begun goes on in every other, after the death of the first, and after certificates have changed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { clientPortsOf } from '../support/process-view.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';
import { TlsClient } from '../support/tls-client.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';
import { killWorker } from '../support/worker-kill.ts';

const NAME = 'www.example.test';
const WORKERS = 3;
const CLIENTS = 12;
const timeout = 60_000;

async function prepare(context: TestContext) {
  const upstream = await UpstreamProcess.start(context, 'a');
  const secure = await SecureSite.create(context);
  const write = () =>
    secure.site.writeDynamic(securedTo({ servers: [upstream.url], certificates: [secure.issue(NAME)] }));
  write();
  const node = await secure.site.serve({ workers: WORKERS });
  const reach = { port: secure.securePort, name: NAME, ca: readFileSync(secure.authority.certFile) };
  const visit = async (maxVersion: 'TLSv1.2' | 'TLSv1.3', session?: Buffer) => {
    const client = new TlsClient(reach, { maxVersion, ...(session === undefined ? {} : { session }) });
    context.after(() => client.close());
    await client.secured();
    await client.ask();
    return client;
  };
  /** Of which slots are these clients? */
  const slotsOf = (clients: readonly TlsClient[]) => {
    const workers = [...node.workers].map(([slot, pid]) => ({ slot, ports: clientPortsOf(pid, secure.securePort) }));
    return new Set(clients.map(({ port }) => workers.find(({ ports }) => ports.has(port))?.slot));
  };
  return { node, secure, write, visit, slotsOf };
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: tickets are good in every worker, also after kills and reloads`, { timeout }, async (context) => {
    const { node, secure, write, visit, slotsOf } = await prepare(context);
    const first = await visit(version);
    assert.equal(first.socket.isSessionReused(), false);
    const session = first.session ?? first.socket.getSession()!;
    const clients: TlsClient[] = [];
    // All stay, so that the workers share them.
    for (let count = 0; count < CLIENTS; count++) clients.push(await visit(version, session));
    assert.deepEqual(clients.filter(({ socket }) => !socket.isSessionReused()).length, 0);
    assert.equal(slotsOf(clients).size, WORKERS);

    const before = first.serial;
    write();
    await eventually('the new certificate is shown', async () => (await visit(version)).serial !== before);
    const later: TlsClient[] = [];
    for (let count = 0; count < CLIENTS; count++) later.push(await visit(version, session));
    assert.deepEqual(later.filter(({ socket }) => !socket.isSessionReused()).length, 0, 'after a change');

    for (let slot = 0; slot < WORKERS; slot++) await killWorker(node, secure.securePort, slot);
    const last: TlsClient[] = [];
    for (let count = 0; count < CLIENTS; count++) last.push(await visit(version, session));
    assert.deepEqual(last.filter(({ socket }) => !socket.isSessionReused()).length, 0, 'after kills');
    assert.equal(slotsOf(last).size, WORKERS);
  });
}
