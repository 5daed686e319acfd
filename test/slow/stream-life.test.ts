// What every change promises, for streams: 1,000 TCP connections with exchanges under way and 1,000 UDP flows through reloads, a killed
// worker, a node that leaves, and a supervisor that is followed by another one. The figures are in the diagnostics.

import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { freeUdpPort } from '../support/free-udp-port.ts';
import { ExchangeClients, startExchangeServer } from '../support/numbered-exchanges.ts';
import { isAlive } from '../support/process-view.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { startUdpServer, UdpClients } from '../support/udp-clients.ts';
import { killWorker } from '../support/worker-kill.ts';

const CONNECTIONS = 1_000;
const FLOWS = 1_000;
const WORKERS = 3;
const RELOADS = 10;
const PAUSE_MS = 1_000;
/** A machine that is busy is no loss. */
const ASK_AGAIN_MS = 4_000;
/** Longer than the clients take to finish. */
const GRACE = '60s';
const IDLE = '6s';
/** Between two questions of a flow: much less than that. */
const ROUND_PAUSE_MS = 200;

interface Fates {
  /** Connections. */
  readonly broken: number;
  /** Datagrams. */
  readonly lost: number;
  /** Flows: the server sees another one, or another server does. */
  readonly anew: number;
  readonly moved: number;
}

class Life {
  readonly site: SluiceSite;
  readonly connections: ExchangeClients;
  /** What the servers were sent and should not have been. */
  readonly faults: string[];
  private readonly context: TestContext;
  private readonly addresses: { readonly tcp: readonly string[]; readonly udp: readonly string[] };
  private readonly flows: UdpClients;
  private asking: Promise<void> = Promise.resolve();
  private asks = true;
  private rounds = 0;
  /** Which server answers each client, and from which of its ports: as of the last round, and as of the last step. */
  private latest: string[] = [];
  private known: string[] = [];
  private repeated = 0;

  static async start(context: TestContext): Promise<Life> {
    const port = await freeUdpPort();
    const lifeCycle = { graceTimeOut: GRACE };
    const site = await SluiceSite.create(context, { log: { level: 'INFO', format: 'json' } });
    site.writeStatic({
      log: { level: 'INFO', format: 'json' },
      entryPoints: {
        web: { address: `127.0.0.1:${site.port}`, transport: { lifeCycle } },
        datagrams: { address: `127.0.0.1:${port}/udp`, udp: { timeout: IDLE }, transport: { lifeCycle } },
      },
    });
    const faults: string[] = [];
    const tcp = [await startExchangeServer(context, faults), await startExchangeServer(context, faults)];
    const udp = [await startUdpServer(context, 'a', true), await startUdpServer(context, 'b', true)];
    const flows = await UdpClients.open(context, port, FLOWS, ASK_AGAIN_MS);
    return new Life(context, site, { tcp, udp }, flows, faults);
  }

  private constructor(
    context: TestContext,
    site: SluiceSite,
    addresses: Life['addresses'],
    flows: UdpClients,
    faults: string[],
  ) {
    this.context = context;
    this.site = site;
    this.addresses = addresses;
    this.flows = flows;
    this.faults = faults;
    this.connections = new ExchangeClients(context, {
      port: site.port,
      connections: CONNECTIONS,
      pauseMs: PAUSE_MS,
    });
    context.after(() => this.stopAsking());
  }

  /** Servers in another order each time, so that something changes. Those of UDP stay the same for a client, whatever the order. */
  configure(revision: number): void {
    const service = (list: readonly string[], more: object) => {
      const servers = revision % 2 === 0 ? list : [...list].reverse();
      return { loadBalancer: { servers: servers.map((address) => ({ address })), ...more } };
    };
    this.site.writeDynamic({
      tcp: {
        routers: { all: { entryPoints: ['web'], rule: 'HostSNI(`*`)', service: `s${revision}` } },
        services: { [`s${revision}`]: service(this.addresses.tcp, {}) },
      },
      udp: {
        routers: { all: { entryPoints: ['datagrams'], service: 's' } },
        services: { s: service(this.addresses.udp, { strategy: 'hash' }) },
      },
    });
  }

  /** Everybody has had an answer. */
  async begin(): Promise<void> {
    await this.connections.fill();
    this.latest = this.known = await this.flows.askAll();
    this.asking = this.ask();
    // Awaited in the end; a failure must not be an unhandled one until then.
    this.asking.catch(() => {});
  }

  async stopAsking(): Promise<void> {
    this.asks = false;
    await this.asking;
  }

  /** Everybody has had another answer. @returns what has become of them since the last time */
  async after(step: string): Promise<Fates> {
    // One round may have begun before.
    const rounds = this.rounds + 2;
    await this.connections.progress();
    while (this.rounds < rounds) await Promise.race([sleep(10), this.asking]);
    const pairs = this.known.map((before, index) => [before, this.latest[index]!] as const);
    const fates = {
      broken: this.connections.broken.length,
      lost: this.flows.repeated - this.repeated,
      anew: pairs.filter(([before, now]) => before !== now).length,
      moved: pairs.filter(([before, now]) => before.split('/')[0] !== now.split('/')[0]).length,
    };
    this.repeated = this.flows.repeated;
    this.known = this.latest;
    const { broken, lost, anew, moved } = fates;
    this.context.diagnostic(
      `${step}: ${broken} of ${CONNECTIONS} connections broken, ${this.connections.exchanges} exchanges so far; ` +
        `${lost} datagrams lost, ${anew} of ${FLOWS} flows begun anew, ${moved} with another server`,
    );
    assert.deepEqual(this.faults, [], 'servers had what was sent to them');
    return fates;
  }

  private async ask(): Promise<void> {
    for (; this.asks; await sleep(ROUND_PAUSE_MS)) {
      this.latest = await this.flows.askAll();
      this.rounds++;
    }
  }
}

function problemsOf(node: SluiceNode) {
  return node.complaints.filter(({ code }) => !code?.startsWith('WORKER_CRASH'));
}

it('reloads, a killed worker, and the end of the node', { timeout: 180_000 }, async (context) => {
  const life = await Life.start(context);
  const { site, connections } = life;
  life.configure(0);
  const node = await site.serve({ workers: WORKERS });
  await life.begin();
  for (let revision = 1; revision <= RELOADS; revision++) {
    const from = node.lines.length;
    life.configure(revision);
    await node.line('configuration published', from);
    await sleep(200);
  }
  assert.deepEqual(await life.after(`${RELOADS} reloads`), { broken: 0, lost: 0, anew: 0, moved: 0 });

  const own = await killWorker(node, site.port, 1);
  const killed = await life.after('a worker killed');
  const hit = connections.all.filter(({ port }) => own.has(port));
  assert.deepEqual(
    new Set(connections.broken),
    new Set(hit),
    'the connections of the dead worker break, and no others',
  );
  assert.ok(hit.length > CONNECTIONS / WORKERS / 2, `it had ${hit.length}`);
  assert.equal(killed.moved, 0);
  assert.ok(killed.anew > 0 && killed.anew < (FLOWS * 2) / 3, `${killed.anew} flows began anew`);
  await connections.fill();
  await life.after('new connections');

  const from = node.lines.length;
  node.kill('SIGTERM');
  await node.line(/^stopping/, from);
  assert.deepEqual(await life.after('the node drains'), { broken: 0, lost: 0, anew: 0, moved: 0 });
  await Promise.all(connections.all.map((client) => client.finish()));
  assert.deepEqual(
    connections.all.filter(({ ended }) => ended !== 'end'),
    [],
    'all end when they want to, in order',
  );
  assert.deepEqual(await life.after('its last connection has ended'), {
    broken: 0,
    lost: 0,
    anew: 0,
    moved: 0,
  });
  await life.stopAsking();
  assert.equal(await node.exited, 0);
  assert.deepEqual(problemsOf(node), []);
});

it('a supervisor that is followed by another one', { timeout: 120_000 }, async (context) => {
  const life = await Life.start(context);
  const { site, connections } = life;
  life.configure(0);
  const old = await site.serve({ workers: WORKERS });
  await life.begin();
  const orphans = old.workerPids;
  old.kill('SIGKILL');
  await old.exited;
  assert.deepEqual(await life.after('without a supervisor'), { broken: 0, lost: 0, anew: 0, moved: 0 });
  const node = await site.serve({ workers: WORKERS });
  const { broken, moved } = await life.after('another supervisor');
  assert.deepEqual([broken, moved], [0, 0]);
  await Promise.all(connections.all.map((client) => client.finish()));
  assert.ok(connections.all.every(({ ended }) => ended === 'end'));
  await eventually('the earlier workers have left', () => !orphans.some(isAlive));
  assert.deepEqual(
    old.complaints.filter(({ level }) => level >= 50),
    [],
  );
  await connections.fill();
  assert.deepEqual(await life.after('the earlier workers have left'), { broken: 0, lost: 0, anew: 0, moved: 0 });
  await Promise.all(connections.all.map((client) => client.finish()));
  await life.stopAsking();
  assert.equal(await node.stop(), 0);
  assert.deepEqual(problemsOf(node), []);
});
