// What is sent as soon as a connection stands carries the handshake's last acknowledgement; and what is unread, which tells whether
// something will be. In a network of its own, whose segments are counted.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type net from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { enterOwnNetwork } from '../test/own-network.ts';
import { TransportHarness } from '../test/transport-harness.ts';
import { Event, RELAY_UNTIL_END } from './index.ts';

enterOwnNetwork();

const CONNECTIONS = 20;

/** Of all connections of this network. */
function segmentsSent(): number {
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values![names!.indexOf('OutSegs')]);
}

describe('whoever speaks first', () => {
  let h: TransportHarness;
  let sockets: net.Socket[];
  let port: number;
  beforeEach(async () => {
    h = new TransportHarness();
    sockets = [];
    port = await h.server((socket) => sockets.push(socket));
  });
  afterEach(() => h.close());

  /** Segments of connections on which a byte is sent at once and answered, both sides' together. */
  async function segmentsOf(speaksFirst: boolean): Promise<number> {
    const before = segmentsSent();
    for (let i = 0; i < CONNECTIONS; i++) {
      const count = sockets.length;
      const id = h.transport.connect('127.0.0.1', port, speaksFirst);
      h.send(id, Buffer.from('?'));
      const socket = await h.until('a connection', () => sockets[count]);
      socket.on('data', () => socket.write('!')).resume();
      await h.next(Event.DATA, id);
    }
    return segmentsSent() - before;
  }

  it('saves a segment a connection', async () => {
    const usual = await segmentsOf(false);
    const saving = await segmentsOf(true);
    assert.ok(saving <= usual - CONNECTIONS / 2, `${saving} in place of ${usual}`);
  });

  it('is connected although it says nothing', async () => {
    const id = h.transport.connect('127.0.0.1', port, true);
    await h.next(Event.CONNECTED, id);
    const socket = await h.until('a connection', () => sockets[0]);
    socket.write('!');
    await h.next(Event.DATA, id);
  });

  it('may know by what is unread, also on a paused connection, and not of one that is gone', async () => {
    const { id, socket } = await h.accepted(h.listen());
    h.run((t) => t.pause(id));
    assert.equal(h.transport.unreadBytes(id), 0);
    socket.write('12345');
    await h.until('them', () => h.transport.unreadBytes(id) === 5);
    const other = await h.accepted(h.listen(2));
    h.run((t) => t.relay(id, other.id, RELAY_UNTIL_END, 0));
    h.run((t) => t.resume(id));
    await h.until('none', () => h.transport.unreadBytes(id) === 0);
    h.run((t) => t.close(id, 0));
    await h.until('nobody', () => h.transport.unreadBytes(id) === -1);
  });
});
