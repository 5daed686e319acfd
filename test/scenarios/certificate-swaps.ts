// Scenario: the certificate is replaced again and again while clients shake hands without a pause, by its files or by the
// configuration that names them. Nobody is turned away, and the last one is shown in the end.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';
import type { CertificateFiles } from '../support/test-authority.ts';
import { TlsClient, type TlsReach } from '../support/tls-client.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

export interface CertificateSwaps {
  readonly swaps: number;
  readonly workers: number;
  /** Clients that shake hands one after the other. */
  readonly clients: number;
  /** What changes: the content of the two files, one after the other; or the configuration. */
  readonly by: 'files' | 'configuration';
}

const NAME = 'www.example.test';
const CERTIFICATES = 10;

export async function certificateSwaps(context: TestContext, options: CertificateSwaps): Promise<void> {
  const { swaps, workers, by } = options;
  const upstream = await UpstreamProcess.start(context, 'a');
  const secure = await SecureSite.create(context, {}, { log: { level: 'INFO', format: 'json' } });
  const made = Array.from({ length: CERTIFICATES }, () => secure.issue(NAME));
  const live = { certFile: join(secure.site.folder, 'live.crt'), keyFile: join(secure.site.folder, 'live.key') };
  const write = (certificate: CertificateFiles) =>
    secure.site.writeDynamic(securedTo({ servers: [upstream.url], certificates: [certificate] }));
  const show = (certificate: CertificateFiles) => (by === 'files' ? replace(live, certificate) : write(certificate));
  replace(live, made[0]!);
  write(by === 'files' ? live : made[0]!);
  const node = await secure.site.serve({ workers });
  const reach = { port: secure.securePort, name: NAME, ca: readFileSync(secure.authority.certFile) };
  const load = new HandshakeLoad(reach, options.clients);
  context.after(() => load.stop());
  let last = '';
  for (let swap = 1; swap <= swaps; swap++) {
    const next = made[swap % CERTIFICATES]!;
    last = serialOf(next);
    load.serials.clear();
    show(next);
    await eventually(`certificate ${swap} is shown`, () => load.serials.has(last));
  }
  // Over all workers: they are asked in turns.
  await eventually('the last one is shown by all', async () => {
    const seen = await Promise.all(Array.from({ length: 3 * workers }, () => load.once()));
    return seen.every((serial) => serial === last);
  });
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual(
    node.complaints.filter(({ level }) => level >= 50),
    [],
  );
  context.diagnostic(`${swaps} swaps, ${load.handshakes} handshakes`);
}

/** As tools do: each file in one step, but not both. */
function replace(live: CertificateFiles, { certFile, keyFile }: CertificateFiles): void {
  for (const [from, to] of [
    [certFile, live.certFile],
    [keyFile, live.keyFile],
  ] as const) {
    copyFileSync(from, `${to}.new`);
    renameSync(`${to}.new`, to);
  }
}

function serialOf({ certFile }: CertificateFiles): string {
  return new X509Certificate(readFileSync(certFile)).serialNumber;
}

/** Clients that shake hands, ask once and leave, again and again. */
class HandshakeLoad {
  handshakes = 0;
  readonly failures: string[] = [];
  /** Seen since it was emptied. */
  readonly serials = new Set<string>();
  private readonly reach: TlsReach;
  private readonly loops: Promise<void>[];
  private running = true;

  constructor(reach: TlsReach, clients: number) {
    this.reach = reach;
    this.loops = Array.from({ length: clients }, () => this.loop());
  }

  /** @returns serial number of the certificate that was shown. */
  async once(): Promise<string> {
    const client = new TlsClient(this.reach);
    try {
      await client.secured();
      const { serial } = client;
      await client.ask();
      this.handshakes++;
      this.serials.add(serial);
      return serial;
    } catch (error) {
      this.failures.push(String(error));
      return '';
    } finally {
      client.close();
    }
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  private async loop(): Promise<void> {
    while (this.running) await this.once();
  }
}
