// gRPC as its makers' library for Node speaks it, client and server, with Sluice between them: the interoperability cases in all
// combinations of cleartext and TLS. The same cases without Sluice come first: they show that the two agree.

import { type TestContext, test } from 'node:test';
import { grpcInterop } from '../scenarios/grpc-interop.ts';
import { InteropServer } from '../support/grpc/interop-server.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';
import { TestAuthority } from '../support/test-authority.ts';

const NAME = 'grpc.example.test';
const SERVER_NAME = 'interop.example.test';
const timeout = 170_000;

test('client and server without Sluice, h2c and TLS', { timeout }, async (context) => {
  const authority = new TestAuthority(context);
  const plain = await InteropServer.start(context, 'plain');
  await grpcInterop(context, { port: plain.port, name: NAME }, plain);
  const secured = await InteropServer.start(context, 'secured', { certificate: authority.issue({ names: [NAME] }) });
  await grpcInterop(context, { port: secured.port, name: NAME, authorityFile: authority.certFile }, secured);
});

for (const from of ['h2c', 'TLS'] as const) {
  for (const to of ['h2c', 'TLS'] as const) {
    test(`interoperability cases: ${from} → Sluice → ${to}`, { timeout }, (context) => through(context, from, to));
  }
}

async function through(context: TestContext, from: 'h2c' | 'TLS', to: 'h2c' | 'TLS'): Promise<void> {
  const secure = await SecureSite.create(context);
  const { authority, site } = secure;
  const options = to === 'TLS' ? { certificate: secure.issue(SERVER_NAME) } : {};
  const server = await InteropServer.start(context, 'a', options);
  const transport = to === 'TLS' ? { serverName: SERVER_NAME, rootCAs: [authority.certFile] } : undefined;
  site.writeDynamic(
    securedTo({
      servers: [server.url],
      certificates: [secure.issue(NAME)],
      ...(transport === undefined ? {} : { transport }),
    }),
  );
  await site.serve();
  const reach =
    from === 'TLS'
      ? { port: secure.securePort, name: NAME, authorityFile: authority.certFile }
      : { port: secure.port, name: NAME };
  await grpcInterop(context, reach, server);
}
