// What is told of flows: counters, and a line in the access log for each when it is over.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { decodeStaticText } from '@sluice/config';
import { AccessLog, LineOutput, OutputTroubles } from '@sluice/observability/access-log';
import { MemoryTarget } from '@sluice/observability/testing';
import { alpnExtension, cryptoFrame, helloMessage, sealInitial, serverNameExtension } from '@sluice/protocols/testing';
import { FLOW_LABELS, type FlowLabel, MetricKind, type MetricsBlock } from '@sluice/shared-state';
import { UdpPeers, until } from '../../src/testing/udp-peers.ts';
import { UdpUnderTest } from '../../src/testing/udp-under-test.ts';

let peers: UdpPeers;
let worker: UdpUnderTest | undefined;

beforeEach(() => {
  peers = new UdpPeers();
});
afterEach(async () => {
  worker?.close();
  worker = undefined;
  await peers.close();
});

function udp(address: string): string {
  return `{ routers: { all: { service: s } }, services: { s: { loadBalancer: { servers: [{ address: "${address}" }] } } } }`;
}

function counted(block: MetricsBlock): Partial<Record<FlowLabel, number>> {
  const values: Partial<Record<FlowLabel, number>> = {};
  for (let row = 0; row < block.end; row++) {
    if (!block.isUsed(row)) continue;
    const { kind, labels } = block.key(row);
    if (kind === MetricKind.ENTRY_POINT_FLOWS) values[FLOW_LABELS[labels]!] = block.value(row);
  }
  return values;
}

describe('counters of flows', () => {
  it('are brought up to date all the time', async () => {
    const server = await peers.server('a', (bytes) => Buffer.alloc(bytes.length * 2));
    worker = new UdpUnderTest(udp(server.address), { metrics: true, entryPoint: 'udp: { timeout: 3s }' });
    const { port } = worker;
    const block = worker.counted!;
    const clients = [await peers.open(), await peers.open()];
    for (const client of clients) for (let i = 0; i < 3; i++) await client.ask('1234', port);
    await until('open flows', () => counted(block).open === 2);
    await until('all datagrams', () => counted(block).datagrams_from_servers === 6);
    const { opened, datagrams_from_clients, bytes_from_clients, bytes_from_servers, ended_idle } = counted(block);
    assert.deepEqual([opened, datagrams_from_clients, bytes_from_clients, bytes_from_servers], [2, 6, 24, 48]);
    assert.equal(ended_idle, undefined);
    await until('their end', () => counted(block).open === 0);
    assert.equal(counted(block).ended_idle, 2);
  });

  it('tell of answers that are too long for a client that has not shown itself', async () => {
    const server = await peers.server('a', (bytes) => Buffer.alloc(bytes.length === 10 ? 40 : 20, 'x'));
    worker = new UdpUnderTest(udp(server.address), { metrics: true, entryPoint: 'udp: { maxAmplification: 3 }' });
    const { port } = worker;
    const block = worker.counted!;
    const client = await peers.open();
    client.send(Buffer.alloc(10), port);
    // Not before the answer has come: the second datagram lifts the limit.
    await until('the answer to be dropped', () => counted(block).dropped_amplification === 1);
    assert.equal((await client.ask(Buffer.alloc(11), port)).length, 20);
    assert.equal((await client.ask(Buffer.alloc(10), port)).length, 40, 'the client has shown itself');
    assert.equal(client.seen.length, 2);
  });

  it('tell why a flow was refused or ended', async () => {
    const gone = await peers.open();
    const { address } = gone;
    gone.socket.close();
    worker = new UdpUnderTest(udp(address), { metrics: true });
    const { port } = worker;
    const block = worker.counted!;
    (await peers.open()).send('x', port);
    await until('the end of a flow', () => counted(block).ended_server === 1);
    worker.setHealth('s', address, false);
    (await peers.open()).send('x', port);
    await until('a refusal', () => counted(block).refused_no_server === 1);
  });
});

function logged() {
  const { accessLog } = decodeStaticText('accessLog: { format: json }', 'yaml', 'test.yaml').configuration;
  const target = new MemoryTarget();
  const troubles = new OutputTroubles({ onTrouble: () => {}, onRecovered: () => {}, onReopenFailed: () => {} });
  return { log: new AccessLog(accessLog!, new LineOutput({ target, troubles })), target };
}

describe('the access log', () => {
  it('names QUIC as what it is, with a server name or without', async () => {
    const server = await peers.server('a');
    const { log, target } = logged();
    const rules = udp(server.address).replace(
      'service: s',
      'rule: "HostSNI(`*`) || ClientIP(`192.0.2.1`)", service: s',
    );
    assert.notEqual(rules, udp(server.address));
    worker = new UdpUnderTest(rules, { accessLog: log, entryPoint: 'udp: { timeout: 100ms }' });
    const hello = (extensions: Parameters<typeof helloMessage>[0]) =>
      sealInitial({ frames: cryptoFrame(0, helloMessage(extensions)) });
    for (const [index, first] of [
      hello({ extensions: [serverNameExtension('a.test'), alpnExtension('h3')] }),
      hello({ extensions: [alpnExtension('h3')] }),
      'no QUIC',
    ].entries()) {
      (await peers.open()).send(first, worker.port);
      await until('a line', () => target.lines.length === index + 1);
    }
    const lines = target.lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.map(({ RequestProtocol, RequestHost = '' }) => `${RequestProtocol} ${RequestHost}`),
      ['QUIC a.test', 'QUIC ', 'UDP '],
    );
  });

  it('has a line for each flow that is over', async () => {
    const server = await peers.server('a');
    const { log, target } = logged();
    worker = new UdpUnderTest(udp(server.address), { accessLog: log, entryPoint: 'udp: { timeout: 1s }' });
    const client = await peers.open();
    await client.ask('12345', worker.port);
    await client.ask('1', worker.port);
    await until('a line', () => target.lines.length === 1);
    const line = JSON.parse(target.lines[0]!);
    assert.equal(line.ClientAddr, `127.0.0.1:${client.port}`);
    assert.deepEqual(
      [line.RouterName, line.ServiceName, line.ServiceAddr, line.entryPointName],
      ['all@file', 's@file', server.address, 'dns'],
    );
    assert.deepEqual([line.RequestProtocol, line.RequestMethod], ['UDP', 'IDLE']);
    assert.deepEqual([line.RequestContentSize, line.DownstreamContentSize], [6, 10]);
    assert.ok(Number(line.Duration) >= 1e9, `${line.Duration} ns`);
  });
});
