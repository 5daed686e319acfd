import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TCP_TRANSPORT, decodeDynamic, type TcpConfiguration } from '@sluice/config';
import { streamServerKey, tcpTransportKey } from '@sluice/routing';
import type { FoundPassword } from './password-files.ts';
import { tcpHealthTargetsOf } from './tcp-health-targets.ts';

const TRANSPORT = {
  serverName: 'db.test',
  insecureSkipVerify: false,
  authorities: '',
  certificates: [],
  minVersion: 0x0303,
  maxVersion: 0x0304,
  ciphers: [],
  peerNames: [],
};

function targetsOf(yaml: string, passwordIn: (file: string) => FoundPassword = () => ({ password: '' })) {
  const { tcp, diagnostics } = decodeDynamic({
    text: `tcp:\n  services:\n    s:\n      loadBalancer: ${yaml}\n`,
    format: 'yaml',
    file: 'f.yml',
    middlewareTypes: new Map(),
    unknownKeys: 'error',
  });
  assert.deepEqual(diagnostics, []);
  const unreadable: string[][] = [];
  const targets = tcpHealthTargetsOf({
    tcp: tcp as TcpConfiguration,
    rows: new Map([[streamServerKey('tcp', 's', '10.0.0.1:5432'), 7]]),
    loaded: { transports: { [tcpTransportKey(DEFAULT_TCP_TRANSPORT)]: TRANSPORT }, systemAuthorities: 'PEM' },
    passwordIn,
    onUnreadable: (...found) => unreadable.push(found),
  });
  return { target: targets[0]!, unreadable };
}

test('without a check servers are up; with one, all of it is passed on', () => {
  const { target: plain } = targetsOf('{servers: [{address: "10.0.0.1:5432"}]}');
  assert.equal(plain.healthCheck, undefined);
  assert.deepEqual(plain.servers, [{ url: '10.0.0.1:5432', tls: false, statusRow: 7 }]);
  const { target } = targetsOf(
    '{servers: [{address: "10.0.0.1:5432"}], healthCheck: {mode: postgres, role: primary, user: u, password: p, interval: 1s}}',
  );
  const { mode, role, user, password, interval } = target.healthCheck!;
  assert.deepEqual([mode, role, user, password, interval], ['postgres', 'primary', 'u', 'p', 1000]);
  assert.equal(target.tls, undefined);
});

test('a password may be in a file; what is wrong with that is said', () => {
  const yaml =
    '{servers: [{address: "10.0.0.1:5432"}], healthCheck: {mode: redis, user: u, passwordFile: "secrets/password"}}';
  const passwordIn = (file: string) => (file === 'secrets/password' ? { password: 'secret' } : { password: '' });
  const { target, unreadable } = targetsOf(yaml, passwordIn);
  assert.deepEqual([target.healthCheck!.password, unreadable], ['secret', []]);
  assert.ok(!('passwordFile' in target.healthCheck!), 'checks do not know where it comes from');
  const old = targetsOf(yaml, () => ({ password: 'old', problem: 'gone' }));
  assert.equal(old.target.healthCheck!.password, 'old');
  assert.deepEqual(old.unreadable, [['s', 'secrets/password', 'gone']]);
});

test('servers with TLS are checked as their transport says', () => {
  const { target } = targetsOf('{servers: [{address: "10.0.0.1:5432", tls: true}], healthCheck: {}}');
  assert.equal(target.servers[0]!.tls, true);
  assert.equal(target.tls!.disableHttp2, true);
  assert.deepEqual([target.tls!.transport?.serverName, target.tls!.systemAuthorities], ['db.test', 'PEM']);
});
