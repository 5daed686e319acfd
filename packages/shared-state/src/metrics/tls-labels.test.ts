import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTlsLabels, tlsLabels } from './tls-labels.ts';

test('versions and suites come back as names; what nobody knows is one label', () => {
  assert.deepEqual(readTlsLabels(tlsLabels(0x0304, 0x1302)), {
    tls_version: '1.3',
    tls_cipher: 'TLS_AES_256_GCM_SHA384',
  });
  assert.deepEqual(readTlsLabels(tlsLabels(0x0301, 0x002f)), {
    tls_version: '1.0',
    tls_cipher: 'TLS_RSA_WITH_AES_128_CBC_SHA',
  });
  for (const [version, suite] of [
    [0x0305, 0x9999],
    [0, 0],
    [-1, 0xffff],
  ] as const) {
    assert.deepEqual(readTlsLabels(tlsLabels(version, suite)), { tls_version: 'unknown', tls_cipher: 'unknown' });
  }
  assert.deepEqual(readTlsLabels(0xffff_ff), { tls_version: 'unknown', tls_cipher: 'unknown' });
});
