// Session tickets: resumed wherever the key is known, by whatever transport, and nowhere else.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import type tls from 'node:tls';
import { credentials, serverContext, TlsHarness } from '../test/tls-harness.ts';
import { ClientCertificates, TICKET_KEY_BYTES, type TlsServerOptions, tlsResumed } from './index.ts';

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const key = (): Buffer => randomBytes(TICKET_KEY_BYTES);

const harnesses: TlsHarness[] = [];
afterEach(() => {
  for (const h of harnesses.splice(0)) h.close();
});

interface Place {
  readonly h: TlsHarness;
  readonly port: number;
  readonly context: ReturnType<typeof serverContext>;
}

function place(options: TlsServerOptions): Place {
  const context = serverContext(options);
  const h = new TlsHarness({}, context);
  harnesses.push(h);
  return { h, port: h.listen(), context };
}

interface Visit {
  readonly resumed: boolean;
  readonly session: Buffer | undefined;
}

/** Connects, exchanges a byte so that tickets of TLS 1.3 arrive, and leaves. */
async function visit({ h, port }: Place, options: tls.ConnectionOptions): Promise<Visit> {
  let session: Buffer | undefined;
  const { socket, id } = await h.tlsClient(port, options);
  socket.on('session', (bytes: Buffer) => {
    session = bytes;
  });
  await once(socket, 'secureConnect');
  const ready = await h.until('TLS_READY', () => h.seen.find((e) => e.kind === 12 && e.connection === id));
  h.send(id, 'x');
  await once(socket, 'data');
  assert.equal(socket.isSessionReused(), tlsResumed(ready.a), 'both sides agree');
  // A ticket renewed in TLS 1.2 is not announced.
  session ??= socket.getSession();
  socket.destroy();
  return { resumed: tlsResumed(ready.a), session };
}

async function resumes(from: Place, to: Place, maxVersion: tls.SecureVersion): Promise<boolean> {
  const first = await visit(from, { maxVersion });
  assert.equal(first.resumed, false);
  return (await visit(to, { maxVersion, session: first.session })).resumed;
}

describe('session tickets', () => {
  for (const version of VERSIONS) {
    it(`are honoured by another transport with the same key, ${version}`, async () => {
      const shared = key();
      const one = place({ ticketKeys: [shared] });
      const two = place({ ticketKeys: [shared] });
      assert.equal(await resumes(one, two, version), true);
      assert.equal(await resumes(one, place({ ticketKeys: [key()] }), version), false);
      assert.equal(await resumes(one, place({}), version), false);
    });

    it(`survive a rotation of keys as long as theirs is in the list, and are renewed, ${version}`, async () => {
      const [old, fresh] = [key(), key()];
      const one = place({ ticketKeys: [old] });
      const { session } = await visit(one, { maxVersion: version });
      one.context.setTicketKeys([fresh, old]);
      const again = await visit(one, { maxVersion: version, session });
      assert.equal(again.resumed, true);
      one.context.setTicketKeys([fresh]);
      assert.equal((await visit(one, { maxVersion: version, session })).resumed, false);
      assert.equal((await visit(one, { maxVersion: version, session: again.session })).resumed, true);
    });

    it(`are not honoured by a context that asks clients for more, or of another scope, ${version}`, async () => {
      const ticketKeys = [key()];
      const open = place({ ticketKeys });
      const { authority } = credentials();
      const strict = place({
        ticketKeys,
        clientCertificates: ClientCertificates.VERIFY_IF_GIVEN,
        authorities: [authority.chain],
      });
      assert.equal(await resumes(open, strict, version), false);
      assert.equal(await resumes(open, place({ ticketKeys, sessionScope: 'other' }), version), false);
      assert.equal(await resumes(strict, strict, version), true);
    });

    it(`are given anew to a client that resumes, as often as it likes, ${version}`, async () => {
      const one = place({});
      let { session } = await visit(one, { maxVersion: version });
      for (let i = 0; i < 4; i++) {
        const next = await visit(one, { maxVersion: version, session });
        assert.equal(next.resumed, true);
        if (version === 'TLSv1.3') assert.ok(next.session !== undefined && !next.session.equals(session!));
        session = next.session;
      }
    });

    it(`are not given when switched off, ${version}`, async () => {
      const off = place({ tickets: false });
      const first = await visit(off, { maxVersion: version });
      assert.equal((await visit(off, { maxVersion: version, session: first.session })).resumed, false);
    });
  }
});
