// DNS through a node, with dnsmasq and dig: thousands of questions over UDP, long answers over TCP on the same port number.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Exposition } from '@sluice/observability/testing';
import { dig, requireDnsTools, startDnsmasq } from '../support/dns-tools.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { freeUdpPort } from '../support/free-udp-port.ts';
import { ask } from '../support/metrics-site.ts';
import { SluiceSite } from '../support/sluice-site.ts';

/**
 * Each asks from an address of its own. dig sets SO_REUSEPORT on the sockets it asks from, so the kernel may give two digs of one user
 * and one address the same port; then one of them gets both answers, and the other asks again after its timeout. Without anything in
 * between, four digs lost one of 40,000 answers that way.
 */
const DIGS = 4;
const NAMES_OF_EACH = 500;

it('thousands of questions are answered by all servers; a long answer comes over TCP', {
  timeout: 120_000,
}, async (context) => {
  requireDnsTools(context);
  const port = await freeUdpPort();
  const internalPort = await freePort();
  const site = await SluiceSite.create(context, {
    entryPoints: {
      dns: { address: `127.0.0.1:${port}/udp` },
      'dns-tcp': { address: `127.0.0.1:${port}` },
      traefik: { address: `127.0.0.1:${internalPort}` },
    },
    metrics: { prometheus: {} },
  });
  const servers = [
    { address: await startDnsmasq(context, '192.0.2.1') },
    { address: await startDnsmasq(context, '192.0.2.2') },
  ];
  site.writeDynamic({
    udp: {
      routers: { dns: { entryPoints: ['dns'], service: 'dns' } },
      services: { dns: { loadBalancer: { servers } } },
    },
    tcp: {
      routers: { dns: { entryPoints: ['dns-tcp'], rule: 'HostSNI(`*`)', service: 'dns' } },
      services: { dns: { loadBalancer: { servers } } },
    },
  });
  const node = await site.serve();
  const names = (which: number) => Array.from({ length: NAMES_OF_EACH }, (_, number) => `n${which}-${number}.test`);
  const from = (which: number) => ['-b', `127.0.0.${2 + which}`];
  const counted = async () => Exposition.parse((await ask(internalPort, { path: '/metrics' })).body);
  const asked = Array.from({ length: DIGS }, (_, which) => dig(port, names(which), ...from(which)));
  const answers = (await Promise.all(asked)).flat();
  assert.equal(answers.length, DIGS * NAMES_OF_EACH);
  const received = (page: Exposition, side: string) => page.sum('sluice_udp_datagrams_total', { from: side });
  await eventually('all of it is counted', async () => {
    return received(await counted(), 'server') === DIGS * NAMES_OF_EACH;
  });
  const page = await counted();
  assert.equal(received(page, 'client'), DIGS * NAMES_OF_EACH);
  assert.equal(page.sum('sluice_udp_datagrams_dropped_total'), 0);
  for (const address of ['192.0.2.1', '192.0.2.2']) {
    const share = answers.filter((answer) => answer === address).length / answers.length;
    assert.ok(share > 0.4 && share < 0.6, `${address} has ${share} of the answers`);
  }
  // The first one comes truncated: dig asks again over TCP by itself.
  const [long] = await dig(port, ['long.test'], '-t', 'TXT', '+bufsize=512');
  assert.match(long!, /^"0x{200}" .*"11x{200}"$/);
  const overTcp = await dig(port, ['one.test', 'two.test'], '+tcp');
  assert.ok(overTcp.length === 2 && overTcp.every((answer) => answer.startsWith('192.0.2.')), overTcp.join());
  assert.deepEqual(node.complaints, []);
});
