import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { isSealed, mapReadOnly, TICKET_KEY_BYTES } from '@sluice/native';
import type { TlsMaterial } from '@sluice/routing';
import type { SealedTls } from '../workers/worker-process.ts';
import { RandomTicketKeys, type TicketKeySource } from './random-ticket-keys.ts';
import { type ConfiguredTls, TlsPublisher } from './tls-publisher.ts';

const TABLES = { certificates: [], exact: {}, wildcard: {}, defaultCertificate: -1, optionSets: [] };

function configured(key: string): ConfiguredTls {
  return { tables: TABLES, keyPairs: { a: { chain: 'chain', key } }, transports: {}, systemAuthorities: '' };
}

class HeldKeys implements TicketKeySource {
  keys = [Buffer.alloc(TICKET_KEY_BYTES, 1)];
  listener = () => {};
  onChange(listener: () => void): void {
    this.listener = listener;
  }
  close(): void {
    this.listener = () => {};
  }
}

function publisherIn(context: TestContext) {
  const ticketKeys = new HeldKeys();
  const published: SealedTls[] = [];
  const publisher = new TlsPublisher({
    ticketKeys,
    onPublished: (sealed) => published.push(sealed),
    onFault: (error) => assert.fail(String(error)),
  });
  context.after(() => publisher.close());
  return { publisher, published, ticketKeys };
}

function contentOf({ descriptor }: SealedTls): TlsMaterial {
  assert.ok(isSealed(descriptor));
  const memory = mapReadOnly(descriptor);
  try {
    return JSON.parse(memory.utf8(0, memory.byteLength));
  } finally {
    memory.unmap();
  }
}

/** Memory of TLS material that this process has a descriptor of. */
function held(): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('/memfd:sluice-tls-');
    } catch {
      return false;
    }
  }).length;
}

test('material is sealed, complete and numbered; nobody is told of what goes with a snapshot', (context) => {
  const { publisher, published, ticketKeys } = publisherIn(context);
  publisher.replace(configured('one'));
  assert.deepEqual(contentOf(publisher.current!), {
    number: 1,
    ...configured('one'),
    staples: {},
    ticketKeys: [ticketKeys.keys[0]!.toString('base64')],
  });
  assert.deepEqual(published, []);
});

test('what changed alone is published once; the memory before is given back', (context) => {
  const { publisher, published, ticketKeys } = publisherIn(context);
  const before = held();
  publisher.replace(configured('one'));
  assert.equal(publisher.publishConfigured(configured('one')), false);
  assert.equal(publisher.publishConfigured(configured('two')), true);
  ticketKeys.keys = [Buffer.alloc(TICKET_KEY_BYTES, 2), ...ticketKeys.keys];
  ticketKeys.listener();
  publisher.setStaples({ a: 'c3RhcGxl', gone: 'b2xk' });
  publisher.setStaples({ a: 'c3RhcGxl' });
  assert.deepEqual(
    published.map(({ number }) => number),
    [2, 3, 4],
  );
  const { keyPairs, staples, ticketKeys: keys } = contentOf(publisher.current!);
  assert.deepEqual([keyPairs.a!.key, staples, keys.length], ['two', { a: 'c3RhcGxl' }, 2]);
  assert.equal(held() - before, 1);
  publisher.repeat();
  assert.deepEqual([published.at(-1)!.number, contentOf(publisher.current!).keyPairs.a!.key], [5, 'two']);
  publisher.close();
  assert.equal(held() - before, 0);
  assert.equal(publisher.current, undefined);
});

test('before there is anything, new ticket keys and staples wait', (context) => {
  const { publisher, published, ticketKeys } = publisherIn(context);
  ticketKeys.listener();
  publisher.setStaples({ a: 'eA==' });
  assert.deepEqual([published, publisher.current], [[], undefined]);
  publisher.replace(configured('one'));
  assert.deepEqual(contentOf(publisher.current!).staples, { a: 'eA==' });
});

test('ticket keys: a new one in front at every rotation, four of them, none after close', async (context) => {
  const keys = new RandomTicketKeys(10);
  context.after(() => keys.close());
  const [first] = keys.keys;
  assert.equal(first!.length, TICKET_KEY_BYTES);
  let changes = 0;
  let second: Buffer | undefined;
  const done = new Promise<void>((resolve) => {
    keys.onChange(() => {
      if (++changes === 1) {
        assert.equal(keys.keys[1], first);
        second = keys.keys[0];
      }
      if (changes === 5) resolve();
    });
  });
  const alive = setTimeout(() => {}, 10_000);
  await done;
  clearTimeout(alive);
  assert.equal(keys.keys.length, 4);
  assert.ok(!keys.keys.includes(first!) && !keys.keys.includes(second!));
  assert.equal(new Set(keys.keys.map((key) => key.toString('hex'))).size, 4);
  keys.close();
  const last = changes;
  await pause(40);
  assert.equal(changes, last);
});
