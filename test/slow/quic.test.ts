// QUIC through whole nodes with a client and servers of ngtcp2: HTTP/3 passed through by its server name, and a client that moves.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { freeUdpPort } from '../support/free-udp-port.ts';
import { issue } from '../support/issued-certificates.ts';
import { quicGet, requireQuicTools, startQuicServer } from '../support/quic-tools.ts';
import { SluiceSite } from '../support/sluice-site.ts';

/** The first is what the client asks for. */
const NAMES = ['localhost', 'other.example'] as const;
/** Takes many datagrams. */
const PAGE_BYTES = 300_000;

interface QuicSite {
  readonly site: SluiceSite;
  readonly port: number;
  /** Gets the page. */
  get(...options: readonly string[]): Promise<Buffer>;
  /** Of the server with that name. */
  page(name: string): Buffer;
  /** Of the access log. */
  lines(): readonly Record<string, unknown>[];
}

async function quicSite(context: TestContext): Promise<QuicSite> {
  requireQuicTools(context);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-quic-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freeUdpPort();
  const site = await SluiceSite.create(context, {
    entryPoints: { quic: { address: `127.0.0.1:${port}/udp`, udp: { timeout: '10s' } } },
    accessLog: { format: 'json', filePath: join(folder, 'access.log') },
  });
  const page = (name: string) => Buffer.from(`of ${name}\n`.padEnd(PAGE_BYTES, name));
  const routers: Record<string, object> = {};
  const services: Record<string, object> = {};
  for (const name of NAMES) {
    const own = join(folder, name);
    mkdirSync(own);
    writeFileSync(join(own, 'page'), page(name));
    const { chain, key } = issue({ names: [name] });
    const files = { certificateFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) };
    writeFileSync(files.certificateFile, chain);
    writeFileSync(files.keyFile, key);
    const address = await startQuicServer(context, own, files);
    const service = name.replace('.', '-');
    routers[service] = { entryPoints: ['quic'], rule: `HostSNI(\`${name}\`)`, service };
    services[service] = { loadBalancer: { servers: [{ address }] } };
  }
  site.writeDynamic({ udp: { routers, services } });
  const get = async (...options: readonly string[]) => {
    const into = mkdtempSync(join(folder, 'got-'));
    await quicGet(port, into, ...options);
    return readFileSync(join(into, 'page'));
  };
  const lines = () => {
    const text = readFileSync(join(folder, 'access.log'), 'utf8').trim();
    return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line));
  };
  return { site, port, get, page, lines };
}

it('HTTP/3 goes to the server whose name it asks for', async (context) => {
  const { site, get, page, lines } = await quicSite(context);
  const node = await site.serve();
  const [name] = NAMES;
  for (let i = 0; i < 5; i++) assert.ok((await get()).equals(page(name)));
  assert.deepEqual(node.complaints, []);
  assert.equal(await node.stop(), 0);
  const seen = lines().map(({ RequestProtocol, RequestHost, ServiceName }) => [
    RequestProtocol,
    RequestHost,
    ServiceName,
  ]);
  assert.deepEqual(seen, Array(5).fill(['QUIC', name, `${name}@file`]));
});

it('a client whose address changes in the middle goes on with its server', async (context) => {
  const { site, get, page, lines } = await quicSite(context);
  const node = await site.serve({ workers: 1 });
  const [name] = NAMES;
  // Soon after the handshake: the request comes from the new address.
  const got = await get('--change-local-addr=20ms', '--nat-rebinding', '--delay-stream=300ms');
  assert.ok(got.equals(page(name)));
  assert.deepEqual(node.complaints, []);
  assert.equal(await node.stop(), 0);
  assert.equal(lines().length, 1, 'one flow, two addresses');
});

it('so it does with many workers, whichever it comes to', async (context) => {
  const { site, get, page } = await quicSite(context);
  const node = await site.serve({ workers: 4 });
  const [name] = NAMES;
  // Not just after the handshake: a server that has not seen the end of it drops what comes from another address (RFC 9000 §9).
  for (const afterMs of [60, 90, 120, 150, 180, 210]) {
    const got = await get(`--change-local-addr=${afterMs}ms`, '--nat-rebinding', '--delay-stream=300ms');
    assert.ok(got.equals(page(name)), `${afterMs} ms`);
  }
  assert.deepEqual(node.complaints, []);
  assert.equal(await node.stop(), 0);
});
