// Certificates on a whole node: new ones reach every worker, also one that replaces another and those of the next supervisor; no
// memory with keys is left over, and no log has one.

import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEFAULT_CERTIFICATE_FILE, keptDefaultCertificate } from '@sluice/certificates';
import { eventually } from './support/eventually.ts';
import { type TestNode, TestSite } from './support/test-node.ts';

const dynamic = (pem: string) => `
http:
  routers: { r: { rule: Host(\`a.example\`), service: s, tls: {} } }
  services: { s: { loadBalancer: { servers: [{ url: "http://127.0.0.1:1" }] } } }
tls: { certificates: [{ certFile: ${pem}, keyFile: ${pem} }] }
`;

/** Names of memory that a process has open or mapped. */
function memoryOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  const open = readdirSync(folder).flatMap((descriptor) => {
    try {
      return readlinkSync(join(folder, descriptor));
    } catch {
      return [];
    }
  });
  const mapped = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  return [...open, ...mapped].filter((name) => name.includes('sluice-tls-'));
}

/** Workers that have said that this material is in force. */
function have(node: TestNode, number: number): number[] {
  const lines = node.lines.filter(({ msg, number: of }) => msg === 'new TLS material is in force' && of === number);
  return lines.map(({ pid }) => pid!);
}

test('a new certificate file alone reaches all workers, those that come later too', {
  timeout: 120_000,
}, async (context) => {
  const site = await TestSite.create(context);
  const [one, two] = [join(site.folder, 'one'), join(site.folder, 'two')];
  for (const folder of [one, two]) await keptDefaultCertificate(folder, Date.now());
  const pem = join(site.folder, 'served.pem');
  copyFileSync(join(one, DEFAULT_CERTIFICATE_FILE), pem);
  site.writeDynamic(dynamic(pem));
  const node = site.start();
  await node.ready();
  assert.equal(new Set(have(node, 1)).size, 2);
  copyFileSync(join(two, DEFAULT_CERTIFICATE_FILE), pem);
  await eventually('both have it', () => have(node, 2).length === 2);
  assert.equal(node.lines.filter(({ msg }) => msg === 'configuration published').length, 1);
  await eventually('one is left', () => memoryOf(node.pid).length === 1);
  for (const pid of node.workerPids()) assert.deepEqual(memoryOf(pid), []);

  process.kill(node.workerPids(0)[0]!, 'SIGKILL');
  await eventually('the new worker has it', () => have(node, 2).includes(node.workerPids(0)[1]!));

  const kept = join(site.folder, 'run/tls', DEFAULT_CERTIFICATE_FILE);
  const generated = readFileSync(kept, 'latin1');
  assert.equal(statSync(kept).mode & 0o777, 0o600);
  process.kill(node.pid, 'SIGKILL');
  await node.exited;
  const next = site.start();
  await next.ready();
  assert.equal(new Set(have(next, 1)).size, 2);
  assert.equal(readFileSync(kept, 'latin1'), generated);

  const log = [node, next].map(({ lines }) => JSON.stringify(lines)).join();
  assert.ok(!log.includes('PRIVATE'));
  for (const folder of [one, two]) {
    const lines = readFileSync(join(folder, DEFAULT_CERTIFICATE_FILE), 'latin1').split(
      '-----BEGIN PRIVATE KEY-----',
    )[1]!;
    for (const line of lines.split('\n').filter(({ length }) => length > 20)) assert.ok(!log.includes(line));
  }
});
