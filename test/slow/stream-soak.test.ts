// Streams for a long time: TCP sessions by random plans (short exchanges, bulk, bursts, slow readers, half-closes, resets; in the clear,
// with PROXY headers, TLS ended here and passed through) over entry points that relay in each way, with UDP flows beside, and reloads
// every few seconds. Every byte arrives once and in order, both sides' digests agree, and nothing grows. SOAK_SECONDS sets the length
// (default 600).

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { freeUdpPort } from '../support/free-udp-port.ts';
import { issue } from '../support/issued-certificates.ts';
import { descriptorsOf, ownMemoryOf } from '../support/process-view.ts';
import { inFlightOf } from '../support/shared-blocks.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { SessionClients } from '../support/streams/session-clients.ts';
import { PROXIED_ADDRESS, type ServerAddresses, SessionServers } from '../support/streams/session-servers.ts';
import { startUdpServer, UdpClients } from '../support/udp-clients.ts';

const ROUND_MS = 20_000;
const ROUNDS = Math.max(2, Math.round((Number(process.env.SOAK_SECONDS ?? 600) * 1_000) / ROUND_MS));
/** After these the first sample is taken: code is compiled and pools are filled. */
const FIRST_ROUNDS = Math.min(3, ROUNDS - 1);
const WORKERS = 2;
const RELAYS = ['auto', 'copy', 'splice'] as const;
const SESSIONS = 30;
const FLOWS = 100;
const ASK_AGAIN_MS = 4_000;
const RELOAD_EVERY_MS = 2_000;
const IDLE = '2s';
/** V8 gives memory back after some seconds without work, in steps. */
const SETTLE_MS = 12_000;
/** Of the whole node. Short runs end before the pools of the addon and V8's heap have their size. */
const GROWTH_MAX = 0.1;

/** A worker keeps up to 16 empty pipes through which it has spliced. */
const PIPE_DESCRIPTORS_MAX = 2 * 16;

interface Sample {
  /** Kibibytes by process, the supervisor first. */
  readonly memory: readonly number[];
  /** Without ends of pipes. */
  readonly descriptors: readonly number[];
  readonly pipeEnds: readonly number[];
}

test('random sessions, flows and reloads for a long time: every byte arrives, nothing is left behind', {
  timeout: ROUNDS * 2 * ROUND_MS + 4 * SETTLE_MS + 120_000,
}, async (context) => {
  const soak = await Soak.start(context);
  const start = soak.sample();
  for (let round = 0; round < FIRST_ROUNDS; round++) await soak.round();
  const first = await soak.settled();
  for (let round = FIRST_ROUNDS; round < ROUNDS; round++) await soak.round();
  const last = await soak.settled();
  context.diagnostic(
    `memory in KiB: ${JSON.stringify({ start: start.memory, first: first.memory, last: last.memory })}`,
  );
  context.diagnostic(soak.summary);
  const growth = sum(last.memory) / sum(first.memory) - 1;
  context.diagnostic(
    `growth ${(100 * growth).toFixed(2)} %, descriptors ${start.descriptors} and ${last.descriptors}, ends of pipes ${start.pipeEnds} and ${last.pipeEnds}`,
  );
  assert.deepEqual(last.descriptors, first.descriptors);
  for (const [index, count] of last.descriptors.entries()) {
    assert.ok(count <= start.descriptors[index]!, `${count} descriptors`);
    const pipeEnds = last.pipeEnds[index]! - start.pipeEnds[index]!;
    assert.ok(pipeEnds <= PIPE_DESCRIPTORS_MAX, `${pipeEnds} ends of pipes`);
  }
  assert.ok(growth < GROWTH_MAX, `the node grew by ${(100 * growth).toFixed(1)} %`);
  await soak.stop();
});

class Soak {
  private readonly node: SluiceNode;
  private readonly site: SoakSite;
  private readonly flows: UdpClients;
  private clients: SessionClients | undefined = undefined;
  private rounds = 0;
  private reloads = 0;
  private finished = 0;
  private reset = 0;
  private bytes = 0;
  private datagrams = 0;
  private servedBy: string[] = [];

  static async start(context: TestContext): Promise<Soak> {
    const site = await SoakSite.create(context);
    site.configure(0);
    const node = await site.site.serve({ workers: WORKERS });
    return new Soak(context, site, node, await UdpClients.open(context, site.udpPort, FLOWS, ASK_AGAIN_MS));
  }

  private constructor(context: TestContext, site: SoakSite, node: SluiceNode, flows: UdpClients) {
    this.site = site;
    this.node = node;
    this.flows = flows;
    context.after(() => this.clients?.stop());
  }

  async round(): Promise<void> {
    const { ports, servers, certificate } = this.site;
    const began = performance.now();
    const clients = new SessionClients({ ports, servers, atATime: SESSIONS, ca: certificate.cert }, ++this.rounds);
    this.clients = clients;
    this.servedBy = await this.flows.askAll();
    let nextReload = began + RELOAD_EVERY_MS;
    while (performance.now() - began < ROUND_MS) {
      if (performance.now() >= nextReload) {
        nextReload += RELOAD_EVERY_MS;
        this.site.configure(++this.reloads);
      }
      assert.deepEqual(await this.flows.askAll(), this.servedBy, 'each flow stays with its server');
      this.datagrams += FLOWS;
      await sleep(100);
    }
    await clients.stop();
    assert.deepEqual([clients.faults, servers.faults], [[], []], `round ${this.rounds}`);
    this.finished += clients.finished;
    this.reset += clients.reset;
    this.bytes += clients.bytes;
  }

  /** After a while without traffic. */
  async settled(): Promise<Sample> {
    await sleep(SETTLE_MS);
    await eventually('nothing is in flight', () => inFlightOf(this.node.pid) === 0);
    return this.sample();
  }

  sample(): Sample {
    const { node } = this;
    const pids = [node.pid, ...Array.from({ length: WORKERS }, (_, slot) => node.workers.get(slot)!)];
    const isPipe = (target: string): boolean => target.startsWith('pipe:');
    const count = (pipes: boolean) =>
      pids.map((pid) => descriptorsOf(pid).filter((target) => isPipe(target) === pipes).length);
    return { memory: pids.map(ownMemoryOf), descriptors: count(false), pipeEnds: count(true) };
  }

  get summary(): string {
    const { reloads, finished, reset, bytes, datagrams, flows } = this;
    const gibibytes = (bytes / 2 ** 30).toFixed(2);
    return (
      `${reloads} reloads; ${finished} sessions ended in order, ${reset} broken off, ${gibibytes} GiB; ` +
      `${datagrams} datagrams answered, ${flows.repeated} asked again`
    );
  }

  async stop(): Promise<void> {
    assert.deepEqual(this.node.complaints, []);
    assert.equal(await this.node.stop(), 0);
  }
}

class SoakSite {
  readonly site: SluiceSite;
  /** Of the entry points of TCP. */
  readonly ports: readonly number[];
  readonly udpPort: number;
  readonly servers: SessionServers;
  readonly certificate: { readonly cert: string; readonly key: string };
  private readonly addresses: ServerAddresses;
  private readonly udpAddresses: readonly string[];

  static async create(context: TestContext): Promise<SoakSite> {
    const { chain: cert, key } = issue({ names: ['ended.test', 'passed.test'] });
    const servers = new SessionServers(context);
    const addresses = await servers.start({ cert, key });
    const udp = [await startUdpServer(context, 'a'), await startUdpServer(context, 'b')];
    const ports = [await freePort(), await freePort(), await freePort()];
    const udpPort = await freeUdpPort();
    const proxyProtocol = { trustedIPs: ['127.0.0.1/32'] };
    const streams = RELAYS.map((relay, index) => {
      return [relay, { address: `127.0.0.1:${ports[index]}`, relay, proxyProtocol }] as const;
    });
    const site = await SluiceSite.create(context, {
      log: { level: 'INFO', format: 'json' },
      entryPoints: {
        ...Object.fromEntries(streams),
        datagrams: { address: `127.0.0.1:${udpPort}/udp`, udp: { timeout: IDLE } },
      },
    });
    return new SoakSite(site, ports, udpPort, servers, { cert, key }, addresses, udp);
  }

  private constructor(
    site: SluiceSite,
    ports: readonly number[],
    udpPort: number,
    servers: SessionServers,
    certificate: { readonly cert: string; readonly key: string },
    addresses: ServerAddresses,
    udpAddresses: readonly string[],
  ) {
    this.site = site;
    this.ports = ports;
    this.udpPort = udpPort;
    this.servers = servers;
    this.certificate = certificate;
    this.addresses = addresses;
    this.udpAddresses = udpAddresses;
  }

  /** Services with other names and servers in another order each time. */
  configure(revision: number): void {
    const order = (list: readonly string[]) => (revision % 2 === 0 ? list : [...list].reverse());
    const service = (list: readonly string[], more: object) => {
      return { loadBalancer: { servers: order(list).map((address) => ({ address })), ...more } };
    };
    const { plain, proxied, secure } = this.addresses;
    const { cert, key } = this.certificate;
    const entryPoints = [...RELAYS];
    this.site.writeDynamic({
      tcp: {
        routers: {
          plain: { entryPoints, rule: 'HostSNI(`*`)', service: `plain${revision}` },
          proxied: { entryPoints, rule: `HostSNI(\`*\`) && ClientIP(\`${PROXIED_ADDRESS}\`)`, service: 'proxied' },
          ended: { entryPoints, rule: 'HostSNI(`ended.test`)', service: `plain${revision}`, tls: {} },
          passed: { entryPoints, rule: 'HostSNI(`passed.test`)', service: 'secure', tls: { passthrough: true } },
        },
        services: {
          [`plain${revision}`]: service(plain, { serversTransport: 'patient' }),
          secure: service([secure], { serversTransport: 'patient' }),
          proxied: service([proxied], { serversTransport: 'telling' }),
        },
        serversTransports: {
          patient: { terminationDelay: -1 },
          telling: { terminationDelay: -1, proxyProtocol: { version: 2 } },
        },
      },
      udp: {
        routers: { all: { entryPoints: ['datagrams'], service: 's' } },
        services: { s: service(this.udpAddresses, {}) },
      },
      tls: { certificates: [{ certFile: cert, keyFile: key }] },
    });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
