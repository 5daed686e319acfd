import assert from 'node:assert/strict';
import { it } from 'node:test';
import { clientsMax, openFilesMax, ownClientsMax } from './clients-max.ts';

it('a client and its server fit into seats and descriptors', () => {
  assert.equal(clientsMax(1000, 1_000_000, 30), 500);
  assert.equal(clientsMax(1_000_000, 1024, 30), 485);
  assert.equal(clientsMax(1_000_000, 1023, 30), 484);
  assert.equal(clientsMax(1_000_000, 1024, 2000), 1);
});

it('the limit of descriptors is read as the kernel writes it', () => {
  const line = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ${soft}                 524288               files     \n`;
  assert.equal(openFilesMax(line('1024')), 1024);
  assert.equal(openFilesMax(line('unlimited')), Number.POSITIVE_INFINITY);
  assert.equal(openFilesMax(''), Number.POSITIVE_INFINITY);
  const own = ownClientsMax(100);
  assert.ok(own >= 1 && own <= 50, String(own));
});
