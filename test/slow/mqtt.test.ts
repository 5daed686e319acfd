// An MQTT broker behind TCP routers, with its own clients: plain, TLS ended here, TLS passed through by server name; and subscribers that
// stay for long.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { keptMessage, MqttSession, type MqttWay, publish, startMosquitto } from '../support/mqtt-broker.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { TestAuthority } from '../support/test-authority.ts';

interface Broker {
  readonly plain: number;
  readonly own: number;
}

interface MqttSite {
  readonly site: SluiceSite;
  readonly ways: Readonly<Record<'plain' | 'ended' | 'own', MqttWay>>;
  startBroker(): Promise<Broker>;
  /** New connections go to that one. */
  write(broker: Broker): void;
}

/** The clients take the server name from where they connect to: `localhost` is passed through, the address is ended here. */
async function createSite(context: TestContext): Promise<MqttSite> {
  const authority = new TestAuthority(context);
  const site = await SluiceSite.create(context);
  const own = authority.issue({ names: ['localhost'] });
  const ended = authority.issue({ names: ['IP:127.0.0.1'] });
  const service = (port: number) => ({ loadBalancer: { servers: [{ address: `127.0.0.1:${port}` }] } });
  const port = ['-p', `${site.port}`];
  const tls = ['--cafile', authority.certFile];
  return {
    site,
    ways: {
      plain: ['-h', '127.0.0.1', ...port],
      ended: ['-h', '127.0.0.1', ...port, ...tls],
      own: ['-h', 'localhost', ...port, ...tls],
    },
    startBroker: async () => ({ plain: await startMosquitto(context), own: await startMosquitto(context, own) }),
    write: (broker) =>
      site.writeDynamic({
        tcp: {
          routers: {
            plain: { rule: 'HostSNI(`*`)', service: 'plain' },
            ended: { rule: 'HostSNI(`*`)', service: 'plain', tls: {} },
            own: { rule: 'HostSNI(`localhost`)', service: 'own', tls: { passthrough: true } },
          },
          services: { plain: service(broker.plain), own: service(broker.own) },
        },
        tls: { certificates: [ended] },
      }),
  };
}

test('publish and subscribe: plain, TLS ended here, TLS passed through', { timeout: 120_000 }, async (context) => {
  const { site, ways, startBroker, write } = await createSite(context);
  write(await startBroker());
  const node = await site.serve();
  await publish(ways.plain, 'a', 'to the plain one');
  assert.equal(await keptMessage(ways.plain, 'a'), 'to the plain one');
  assert.equal(await keptMessage(ways.ended, 'a'), 'to the plain one', 'the same broker');
  await publish(ways.own, 'a', 'to the other one');
  assert.equal(await keptMessage(ways.own, 'a'), 'to the other one');
  assert.equal(await keptMessage(ways.ended, 'a'), 'to the plain one');
  const named: MqttWay = [...ways.ended, '--tls-alpn', 'mqtt'];
  await publish(named, 'b', 'with an application protocol');
  assert.equal(await keptMessage(ways.plain, 'b'), 'with an application protocol');
  assert.deepEqual(node.complaints, []);
});

test('subscribers and publishers stay through a reload, and while nothing happens', {
  timeout: 120_000,
}, async (context) => {
  const { site, ways, startBroker, write } = await createSite(context);
  const [first, second] = [await startBroker(), await startBroker()];
  write(first);
  const node = await site.serve();
  const aliveS = 5;
  const subscribers = Object.values(ways).map((way) => new MqttSession(context, 'sub', way, 'news', aliveS));
  for (const subscriber of subscribers) await subscriber.subscribed();
  const publishers = [ways.ended, ways.own].map((way) => new MqttSession(context, 'pub', way, 'news', aliveS));
  const expected: string[] = [];
  const send = async (from: number, to: number) => {
    for (let number = from; number < to; number++) {
      expected.push(`message ${number}`);
      for (const publisher of publishers) publisher.write(`message ${number}`);
    }
    await eventually(
      () => `all have ${to} messages, not ${subscribers.map(({ messages }) => messages.length)}`,
      () => subscribers.every(({ messages }) => messages.length >= to),
    );
  };
  await send(0, 200);
  const from = node.lines.length;
  write(second);
  await node.line('configuration published', from);
  await send(200, 400);
  await sleep(2.5 * aliveS * 1_000);
  await send(400, 401);
  for (const subscriber of subscribers) {
    assert.deepEqual(subscriber.messages, expected, 'each once, in order');
    assert.deepEqual([subscriber.isConnected, subscriber.arrivals], [true, 1]);
  }
  await publish(ways.own, 'news', 'for whoever comes now');
  assert.equal(await keptMessage(ways.own, 'news'), 'for whoever comes now');
  assert.equal(subscribers.at(-1)!.messages.length, expected.length, 'those who stay are with the other broker');
  context.diagnostic(
    `${subscribers.length} subscribers, ${expected.length} messages to each, through a reload and ${2.5 * aliveS} s of silence`,
  );
  assert.deepEqual(node.complaints, []);
});
