// Which failures of connecting are ours, and which of these idle connections can do something about.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Errors } from '@sluice/errors';
import { connectFailure, isHeldByIdle } from './upstream-errors.ts';

const failure = (code: string) => Object.assign(new Error('connect'), { code });

test('descriptors and seats are held by idle connections; ports and addresses are not', () => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS']) assert.equal(isHeldByIdle(failure(code)), true, code);
  for (const code of ['EADDRNOTAVAIL', 'ENOMEM', 'ECONNREFUSED', 'EINVAL']) {
    assert.equal(isHeldByIdle(failure(code)), false, code);
  }
});

test('every shortage of ours is answered as one', () => {
  for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL', 'ENOMEM']) {
    assert.equal(connectFailure(failure(code)), Errors.LOCAL_RESOURCES_EXHAUSTED, code);
  }
  assert.equal(connectFailure(failure('ECONNREFUSED')), Errors.UPSTREAM_CONNECT_REFUSED);
});
