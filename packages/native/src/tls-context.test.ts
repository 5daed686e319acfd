// Contexts from PEM in memory: what is wrong is said in words, and never with any of a key.

import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { issue } from '../../../test/support/issued-certificates.ts';
import { credentials } from '../test/tls-harness.ts';
import {
  createTlsClientContext,
  createTlsServerContext,
  TICKET_KEY_BYTES,
  type TlsServerOptions,
  TlsVersion,
} from './index.ts';

function refused(options: TlsServerOptions, words: RegExp): void {
  assert.throws(
    () => createTlsServerContext(options),
    (error: NodeJS.ErrnoException) => {
      assert.equal(error.code, 'EINVAL');
      assert.match(error.message, words);
      assert.doesNotMatch(error.message, /BEGIN|MII|MIG/);
      return true;
    },
  );
}

describe('a TLS context', () => {
  const { authority, server, rsa } = credentials();

  it('is made of several certificates, authorities, versions, suites, groups and protocols', () => {
    createTlsServerContext({
      certificates: [server, { chain: Buffer.from(rsa.chain), key: Buffer.from(rsa.key) }],
      authorities: [authority.chain + server.chain],
      minVersion: TlsVersion.TLS1_0,
      securityLevel: 0,
      ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256',
      suites: 'TLS_AES_128_GCM_SHA256',
      groups: 'X25519:P-256',
      protocols: ['h2', 'http/1.1'],
    });
    createTlsServerContext({});
    createTlsClientContext({ certificates: [server], authorities: [authority.chain] });
  });

  it('names a certificate or key that is wrong', () => {
    const { chain, key } = server;
    refused({ certificates: [{ chain: 'nonsense', key }] }, /certificate 1: no certificate in the PEM text/);
    refused({ certificates: [server, { chain, key: '' }] }, /certificate 2: no private key in the PEM text/);
    refused({ certificates: [{ chain, key: chain }] }, /certificate 1: no private key/);
    refused({ certificates: [{ chain, key: rsa.key }] }, /certificate 1: .*(mismatch|type)/i);
    refused({ certificates: [{ chain, key: issue().key }] }, /certificate 1: .*mismatch/i);
    const broken = chain.replace(/[a-zA-Z]{4}/, 'x');
    refused({ certificates: [{ chain: broken, key }] }, /certificate 1: /);
    refused(
      { certificates: [{ chain: `${chain}-----BEGIN CERTIFICATE-----\nAAAA\n`, key }] },
      /of the chain cannot be/,
    );
    refused({ certificates: [{ chain, key: key.slice(0, 60) }] }, /certificate 1: the private key cannot be read/);
  });

  it('refuses a key that needs a passphrase, without asking for it', () => {
    const encrypted = createPrivateKey(server.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-128-cbc',
      passphrase: 'secret',
    }) as string;
    refused({ certificates: [{ chain: server.chain, key: encrypted }] }, /encrypted keys are not accepted/);
  });

  it('names an authority that is wrong', () => {
    refused({ authorities: [''] }, /authority 1: no certificate in the PEM text/);
    refused({ authorities: [authority.chain, server.key] }, /authority 2: no certificate/);
    refused({ authorities: [authority.chain.replace('M', '!')] }, /authority 1: a certificate cannot be read/);
  });

  it('names an option that is wrong', () => {
    refused({ ciphers: 'NONSENSE' }, /cipher list/);
    refused({ suites: 'NONSENSE' }, /TLS 1.3 suites/);
    refused({ groups: 'NONSENSE' }, /groups/);
    refused({ minVersion: 77 }, /lowest version/);
    refused({ securityLevel: 9 }, /securityLevel/);
    refused({ protocols: [''] }, /protocols/);
    refused({ protocols: ['x'.repeat(256)] }, /protocols/);
  });

  it('accepts ticket keys of the right length and number', () => {
    const context = createTlsServerContext({ certificates: [server], ticketKeys: [randomBytes(TICKET_KEY_BYTES)] });
    context.setTicketKeys(Array.from({ length: 16 }, () => randomBytes(TICKET_KEY_BYTES)));
    refused({ ticketKeys: [] }, /1 to 16 keys/);
    refused({ ticketKeys: [randomBytes(79)] }, /80 bytes, not 79/);
    refused({ ticketKeys: Array.from({ length: 17 }, () => randomBytes(TICKET_KEY_BYTES)) }, /1 to 16 keys/);
    createTlsServerContext({ tickets: false, ticketKeys: [] });
  });
});
