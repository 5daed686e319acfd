// How h2load is called. The program itself runs in scenarios only.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type H2loadRun, h2loadArguments } from './h2load.ts';
import { get, grpcCall } from './load-request.ts';

const RUN: H2loadRun = {
  request: get('/10k', { headers: { 'X-Some': 'value' } }),
  port: 7001,
  inTls: true,
  connections: 10,
  streams: 32,
  seconds: 2,
  cores: [1],
  openFiles: 1024,
  folder: '/tmp',
};

test('in TLS: one suite and one group, the name of the site at the port of the proxy', () => {
  assert.deepEqual(h2loadArguments(RUN), [
    '-t1',
    '-c10',
    '-m32',
    '-D2',
    '--connect-to=127.0.0.1:7001',
    '--tls13-ciphers=TLS_AES_128_GCM_SHA256',
    '--groups=X25519',
    '-H',
    'x-some: value',
    'https://bench.example/10k',
  ]);
});

test('without TLS, with a body from a file', () => {
  const list = h2loadArguments({ ...RUN, inTls: false, request: grpcCall('/bench.Echo/Say', 32) });
  assert.deepEqual(list.slice(-7), [
    '-H',
    'content-type: application/grpc',
    '-H',
    'te: trailers',
    '-d',
    'h2load-body',
    'http://bench.example/bench.Echo/Say',
  ]);
});
