import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILT_IN_TLS_OPTIONS } from '@sluice/config';
import { KeyKind } from '@sluice/protocols';
import { ClientAuth } from '@sluice/routing';
import { optionSet } from './option-set.ts';

test('an option set in the words of OpenSSL', () => {
  const standard = optionSet('default', BUILT_IN_TLS_OPTIONS, '');
  assert.equal(standard.ciphers[0], 'ECDHE-ECDSA-AES128-GCM-SHA256');
  assert.equal(standard.ciphers.length, 10);
  assert.deepEqual(standard.groups.slice(-3), ['P-256', 'P-384', 'P-521']);
  assert.deepEqual([standard.minVersion, standard.maxVersion, standard.clientAuth], [0x0303, 0x0304, ClientAuth.NONE]);
  assert.equal(standard.anyProtocolInTcp, true);
  assert.equal(optionSet('o@file', { ...BUILT_IN_TLS_OPTIONS, alpnProtocols: ['h2'] }, '').anyProtocolInTcp, false);
  const own = optionSet(
    'o@file',
    {
      ...BUILT_IN_TLS_OPTIONS,
      minVersion: 'VersionTLS10',
      cipherSuites: [
        'TLS_RSA_WITH_AES_128_CBC_SHA',
        'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305',
        'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
      ],
      curvePreferences: ['CurveP384', 'X25519'],
      clientAuth: { caFiles: ['/ca'], clientAuthType: 'VerifyClientCertIfGiven' },
      disableSessionTickets: true,
    },
    'PEM',
  );
  assert.deepEqual(own.ciphers, ['ECDHE-RSA-CHACHA20-POLY1305', 'AES128-SHA']);
  assert.equal(own.cipherKeyKinds, KeyKind.RSA);
  assert.deepEqual(own.groups, ['X25519', 'P-384']);
  assert.deepEqual(
    [own.minVersion, own.clientAuth, own.clientAuthorities, own.sessionTickets],
    [0x0301, ClientAuth.VERIFY_IF_GIVEN, 'PEM', false],
  );
});
