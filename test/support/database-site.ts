// examples/databases as somebody would use it: its two files, with addresses of loopback in place of those that are written there, and
// real servers behind them.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { requireDnsTools, startDnsmasq } from './dns-tools.ts';
import { freeUdpPort } from './free-udp-port.ts';
import { startMosquitto } from './mosquitto-server.ts';
import { type PostgresServer, postgresPassword, startPostgres, startPostgresReplica } from './postgres-server.ts';
import { startRedis } from './redis-server.ts';
import { SluiceSite } from './sluice-site.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/databases');
/** Every name below `test.` */
export const NAME_ADDRESS = '192.0.2.53';
/** Who checks, and who asks. */
export const USER = 'scram';

export interface DatabaseSite {
  readonly site: SluiceSite;
  /** By the port in the example: the one in its place. Of UDP and TCP alike. */
  readonly port: ReadonlyMap<number, number>;
  readonly primary: PostgresServer;
  readonly replica: PostgresServer;
}

export async function databaseSite(context: TestContext): Promise<DatabaseSite> {
  requireDnsTools(context);
  const atEnd = (end: () => Promise<void>) => context.after(end);
  const primary = await startPostgres(atEnd);
  const replica = await startPostgresReplica(atEnd, primary);
  const redis = await startRedis(atEnd);
  const local = (port: number) => `127.0.0.1:${port}`;
  const servers: Readonly<Record<string, string>> = {
    '10.0.0.11:5432': local(primary.port),
    '10.0.0.12:5432': local(replica.port),
    '10.0.0.21:6379': local(await startRedis(atEnd, ['--replicaof', `127.0.0.1 ${redis}`])),
    '10.0.0.22:6379': local(redis),
    '10.0.0.31:1883': local(await startMosquitto(context)),
    '10.0.0.41:53': await startDnsmasq(context, NAME_ADDRESS),
    '10.0.0.42:53': await startDnsmasq(context, NAME_ADDRESS),
  };
  const site = await SluiceSite.create(context);
  const port = new Map<number, number>([[8080, await freeUdpPort()]]);
  writeFileSync(site.staticFile, await staticText(port));
  writeFileSync(join(site.folder, 'password'), `${postgresPassword(USER)}\n`, { mode: 0o600 });
  writeFileSync(site.dynamicFile, dynamicText(servers, join(site.folder, 'password')));
  return { site, port, primary, replica };
}

async function staticText(port: Map<number, number>): Promise<string> {
  let text = readFileSync(join(EXAMPLE, 'sluice.yaml'), 'utf8');
  const addresses = text.match(/address: ":\d+/g) ?? [];
  for (const number of new Set(addresses.map((address) => Number(address.slice('address: ":'.length))))) {
    port.set(number, await freeUdpPort());
    text = text.replaceAll(new RegExp(`address: ":${number}\\b`, 'g'), `address: "127.0.0.1:${port.get(number)}`);
  }
  // The internal entry point is not written down there; its port is no free one.
  const internal = `entryPoints:\n  traefik:\n    address: "127.0.0.1:${port.get(8080)}"\n`;
  return `${text.replace('entryPoints:\n', internal)}\nworkers: 2\nlog: { level: DEBUG, format: json }\n`;
}

function dynamicText(servers: Readonly<Record<string, string>>, passwordFile: string): string {
  let text = readFileSync(join(EXAMPLE, 'dynamic.yaml'), 'utf8');
  for (const [written, real] of Object.entries(servers)) text = text.replaceAll(`"${written}"`, `"${real}"`);
  text = text.replaceAll('user: checker', `user: ${USER}`).replaceAll('/etc/sluice/checker', passwordFile);
  // Of health checks: a busy machine is none that is down, and one that is gone refuses at once.
  text = text.replaceAll(/\btimeout: \d+s\b/g, 'timeout: 20s');
  const left = text.match(/"10\.0\.0\.\d+:\d+"/);
  if (left !== null) throw new Error(`nobody is behind ${left[0]} of the example`);
  return text;
}
