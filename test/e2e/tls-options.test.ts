// Every TLS option as openssl's s_client sees it: one site, one name for each option set.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EchoOrigin } from '../support/echo-origin.ts';
import { type SClientResult, sClient } from '../support/s-client.ts';
import { SecureSite } from '../support/secure-site.ts';
import { TestAuthority } from '../support/test-authority.ts';

/** Alerts of RFC 8446, section 6, and RFC 5246, section 7.2. */
const Alert = {
  HANDSHAKE_FAILURE: 40,
  BAD_CERTIFICATE: 42,
  UNKNOWN_AUTHORITY: 48,
  PROTOCOL_VERSION: 70,
  NO_RENEGOTIATION: 100,
  UNRECOGNIZED_NAME: 112,
  CERTIFICATE_REQUIRED: 116,
  NO_APPLICATION_PROTOCOL: 120,
} as const;

/** Without TLS 1.3, whose suites are not configurable. */
const SUITE = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
/** OpenSSL's own default refuses versions before 1.2. */
const OLD = ['-cipher', 'DEFAULT:@SECLEVEL=0'];
/** Who waits for so long was not refused. */
const REFUSED_MS = 30_000;
/** For tickets to come. */
const TICKETS_MS = 1_500;

const AUTH_MODES = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;

function optionSets(authorityFile: string): Record<string, object> {
  const auth = AUTH_MODES.map((mode) => [
    mode.toLowerCase(),
    { clientAuth: { clientAuthType: mode, caFiles: [authorityFile] } },
  ]);
  return {
    only13: { minVersion: 'VersionTLS13' },
    only12: { maxVersion: 'VersionTLS12' },
    old: { minVersion: 'VersionTLS10', maxVersion: 'VersionTLS11' },
    suites: { maxVersion: 'VersionTLS12', cipherSuites: [SUITE] },
    curves: { curvePreferences: ['CurveP384'] },
    strict: { sniStrict: true },
    http1: { alpnProtocols: ['http/1.1'] },
    ticketless: { disableSessionTickets: true },
    ...Object.fromEntries(auth),
  };
}

const nameOf = (set: string) => `${set}.example.test`;

class Stage {
  readonly secure: SecureSite;
  readonly foreign: TestAuthority;

  static async open(context: TestContext): Promise<Stage> {
    const origin = await EchoOrigin.start(context);
    const secure = await SecureSite.create(context);
    const stage = new Stage(secure, new TestAuthority(context, 'A foreign authority'));
    const sets = optionSets(secure.authority.certFile);
    const routers = Object.keys(sets).map((set) => [
      set,
      { entryPoints: ['websecure'], rule: `Host(\`${nameOf(set)}\`)`, service: 'all', tls: { options: set } },
    ]);
    const both = ['both.example.test'];
    const names = Object.keys(sets)
      .filter((set) => set !== 'strict')
      .map(nameOf);
    secure.site.writeDynamic({
      http: {
        routers: {
          ...Object.fromEntries(routers),
          rest: { entryPoints: ['websecure'], rule: 'PathPrefix(`/`)', service: 'all', tls: {} },
        },
        services: { all: { loadBalancer: { servers: [{ url: origin.url }] } } },
      },
      tls: {
        certificates: [
          secure.issueWith({ names, key: 'rsa', commonName: 'all' }),
          secure.issueWith({ names: both, key: 'rsa', commonName: 'both rsa' }),
          secure.issueWith({ names: both, key: 'ecdsa', commonName: 'both ecdsa' }),
        ],
        options: sets,
      },
    });
    await secure.site.serve();
    return stage;
  }

  private constructor(secure: SecureSite, foreign: TestAuthority) {
    this.secure = secure;
    this.foreign = foreign;
  }

  shake(set: string, ...words: readonly string[]): Promise<SClientResult> {
    return this.shakeWith(set, {}, ...words);
  }

  /** For what is refused: the client stays until it is told, which in TLS 1.3 may be after its own part of the handshake. */
  refused(set: string, ...words: readonly string[]): Promise<SClientResult> {
    return this.shakeWith(set, { lingerMs: REFUSED_MS }, ...words);
  }

  shakeWith(set: string, more: { typed?: string | readonly string[]; lingerMs?: number }, ...words: readonly string[]) {
    const { securePort: port, authority } = this.secure;
    return sClient({ port, name: nameOf(set), authorityFile: authority.certFile, words, ...more });
  }
}

function assertAlert(result: SClientResult, ...alerts: readonly number[]): void {
  assert.ok(alerts.includes(result.alert), `alert ${result.alert}, not ${alerts}:\n${result.output.slice(-3_000)}`);
}

function assertConnected(result: SClientResult, wanted: Partial<SClientResult> = {}): void {
  assert.ok(result.connected && result.alert === 0, result.output.slice(-3_000));
  for (const [key, value] of Object.entries(wanted)) {
    assert.equal(result[key as keyof SClientResult], value, `${key}:\n${result.output.slice(-3_000)}`);
  }
}

type Part = (stage: Stage) => Promise<void>;

test('TLS options', { timeout: 170_000 }, async (context) => {
  const stage = await Stage.open(context);
  for (const [name, part] of Object.entries(PARTS)) await context.test(name, () => part(stage));
  for (const mode of AUTH_MODES) await context.test(`clientAuth ${mode}`, () => clientAuth(stage, mode));
});

const PARTS: Readonly<Record<string, Part>> = {
  async 'without options: TLS 1.2 and 1.3, verified, what the client prefers'(stage) {
    assertConnected(await stage.shake('both'), { version: 'TLSv1.3', verified: '0', alpn: '' });
    assertConnected(await stage.shake('both', '-tls1_2'), { version: 'TLSv1.2', verified: '0' });
    for (const word of ['-tls1', '-tls1_1'])
      assertAlert(await stage.refused('both', word, ...OLD), Alert.PROTOCOL_VERSION);
  },

  async 'minVersion and maxVersion'(stage) {
    assertConnected(await stage.shake('only13'), { version: 'TLSv1.3' });
    assertAlert(await stage.refused('only13', '-tls1_2'), Alert.PROTOCOL_VERSION);
    assertConnected(await stage.shake('only12'), { version: 'TLSv1.2' });
    assertAlert(await stage.refused('only12', '-tls1_3'), Alert.PROTOCOL_VERSION);
    assertConnected(await stage.shake('old', '-tls1', ...OLD), { version: 'TLSv1' });
    assertConnected(await stage.shake('old', '-tls1_1', ...OLD), { version: 'TLSv1.1' });
    // The server takes the older one, which this client cannot; the alert is the client's.
    assert.equal((await stage.shake('old', '-tls1_2')).connected, false);
  },

  async cipherSuites(stage) {
    assertConnected(await stage.shake('suites'), { cipher: 'ECDHE-RSA-AES128-GCM-SHA256' });
    assertAlert(await stage.refused('suites', '-cipher', 'ECDHE-RSA-AES256-GCM-SHA384'), Alert.HANDSHAKE_FAILURE);
    const cbc = await stage.shake('only12', '-cipher', 'ECDHE-RSA-AES128-SHA');
    assertConnected(cbc, { cipher: 'ECDHE-RSA-AES128-SHA' });
    // Neither forward secret nor among those by default.
    assertAlert(await stage.refused('only12', '-cipher', 'AES128-SHA'), Alert.HANDSHAKE_FAILURE);
  },

  async curvePreferences(stage) {
    for (const version of ['-tls1_2', '-tls1_3']) {
      assertConnected(await stage.shake('curves', version), { group: 'ECDH, secp384r1' });
      assertAlert(await stage.refused('curves', version, '-groups', 'X25519'), Alert.HANDSHAKE_FAILURE);
    }
    assertConnected(await stage.shake('both', '-groups', 'X25519'), { group: 'X25519' });
    assertConnected(await stage.shake('both', '-groups', 'P-256'), { group: 'ECDH, prime256v1' });
  },

  async sniStrict(stage) {
    assertAlert(await stage.refused('strict'), Alert.UNRECOGNIZED_NAME);
    // The same without: the default certificate, which nobody has signed.
    assertConnected(await stage.shake('unknown'));
    assert.notEqual((await stage.shake('unknown')).verified, '0');
    const { securePort: port } = stage.secure;
    assertConnected(await sClient({ port }));
  },

  async alpnProtocols(stage) {
    assertConnected(await stage.shake('both', '-alpn', 'http/1.1,h2'), { alpn: 'h2' });
    assertConnected(await stage.shake('both', '-alpn', 'http/1.1'), { alpn: 'http/1.1' });
    assertConnected(await stage.shake('http1', '-alpn', 'h2,http/1.1'), { alpn: 'http/1.1' });
    assertAlert(await stage.refused('http1', '-alpn', 'h2'), Alert.NO_APPLICATION_PROTOCOL);
    assertAlert(await stage.refused('both', '-alpn', 'spdy/3'), Alert.NO_APPLICATION_PROTOCOL);
  },

  async 'a certificate of either key kind, as the client can verify it'(stage) {
    const rsa = ['-sigalgs', 'RSA-PSS+SHA256:RSA+SHA256'];
    const ecdsa = ['-sigalgs', 'ECDSA+SHA256'];
    for (const version of ['-tls1_2', '-tls1_3']) {
      const one = await stage.shake('both', version, ...rsa);
      assertConnected(one, { subject: 'both rsa', signature: 'RSA-PSS', verified: '0' });
      const other = await stage.shake('both', version, ...ecdsa);
      assertConnected(other, { subject: 'both ecdsa', signature: 'ECDSA', verified: '0' });
    }
    assertConnected(await stage.shake('both', '-tls1_2', '-cipher', 'aRSA'), { subject: 'both rsa' });
    assertConnected(await stage.shake('both', '-tls1_2', '-cipher', 'aECDSA'), { subject: 'both ecdsa' });
  },

  async 'tickets resume, unless they are off'(stage) {
    for (const version of ['-tls1_2', '-tls1_3']) {
      for (const set of ['both', 'ticketless']) {
        const file = join(stage.secure.authority.folder, `${set}${version}.session`);
        assertConnected(await stage.shakeWith(set, { lingerMs: TICKETS_MS }, version, '-sess_out', file), {
          resumed: false,
        });
        if (set === 'ticketless' && !existsSync(file)) continue;
        assertConnected(await stage.shake(set, version, '-sess_in', file), { resumed: set === 'both' });
      }
    }
  },

  async 'a ticket of one option set does not open another'(stage) {
    for (const version of ['-tls1_2', '-tls1_3']) {
      const file = join(stage.secure.authority.folder, `cross${version}.session`);
      assertConnected(await stage.shakeWith('both', { lingerMs: TICKETS_MS }, version, '-sess_out', file));
      const crossed = await stage.refused('requireandverifyclientcert', version, '-sess_in', file);
      assertAlert(crossed, Alert.HANDSHAKE_FAILURE, Alert.CERTIFICATE_REQUIRED);
      assert.equal(crossed.resumed, false);
    }
  },

  async 'new keys in the middle of a connection'(stage) {
    const get = 'GET / HTTP/1.1\r\nHost: both.example.test\r\n\r\n';
    const typed = ['K\n', get, 'k\n', 'K\n', get];
    const { output } = await stage.shakeWith('both', { typed, lingerMs: 4_000 }, '-tls1_3');
    assert.equal(output.split('KEYUPDATE').length - 1, 3);
    assert.equal(output.split('HTTP/1.1 200 OK').length - 1, 2, output.slice(-2_000));
  },

  async 'renegotiation is refused'(stage) {
    const result = await stage.shakeWith('both', { typed: 'R\n', lingerMs: 5_000 }, '-tls1_2');
    assert.match(result.output, /RENEGOTIATING/);
    assert.match(result.output, /no renegotiation|SSL alert number 100|unexpected eof|write:errno/i);
    assert.ok(result.output.split('verify return:').length - 1 <= 2, 'no second certificate is shown');
  },
};

async function clientAuth(stage: Stage, mode: (typeof AUTH_MODES)[number]): Promise<void> {
  const set = mode.toLowerCase();
  const known = stage.secure.issueWith({ usage: 'client', commonName: 'known' });
  const foreign = stage.foreign.issue({ usage: 'client', commonName: 'foreign' });
  for (const version of ['-tls1_2', '-tls1_3']) {
    const shake = (isRefused: boolean, files?: { certFile: string; keyFile: string }) => {
      const shown = files === undefined ? [] : ['-cert', files.certFile, '-key', files.keyFile];
      return isRefused ? stage.refused(set, version, ...shown) : stage.shake(set, version, ...shown);
    };
    const isWanted = mode.startsWith('Require');
    const without = await shake(isWanted);
    if (isWanted) assertAlert(without, Alert.HANDSHAKE_FAILURE, Alert.CERTIFICATE_REQUIRED);
    else assertConnected(without);
    assertConnected(await shake(false, known));
    const isVerified = mode.includes('Verify');
    const other = await shake(isVerified, foreign);
    if (isVerified) assertAlert(other, Alert.UNKNOWN_AUTHORITY, Alert.BAD_CERTIFICATE);
    else assertConnected(other);
    const asks = /Acceptable client certificate CA names|Client Certificate Types|Requested Signature Algorithms/;
    assert.equal(asks.test(without.output), mode !== 'NoClientCert');
  }
}
