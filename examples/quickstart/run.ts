// `npm start`: three small servers, Sluice in front of them on ports 8000 and 8443, and lines to try. Ctrl-C ends all of it.
// Nothing is left running, whatever goes wrong.

import { join, relative } from 'node:path';
import { requireFreePort } from './listen.ts';
import { SluiceProcess } from './sluice-process.ts';
import { SWITCH_PORT, UpstreamServers } from './upstream-servers.ts';

const PORT = 8000;
const SECURE_PORT = 8443;
const folder = import.meta.dirname;

function instructions(): string {
  const sluice = `curl localhost:${PORT}`;
  const turn = `curl -X POST localhost:${SWITCH_PORT}`;
  const file = relative(process.cwd(), join(folder, 'dynamic.yaml'));
  return `
Sluice listens on ports ${PORT} and, with TLS, ${SECURE_PORT}; three small servers are behind it. Try, in another terminal:

  for i in 1 2 3 4 5 6; do ${sluice}/; done
      each answer names its server; each of the two workers lets them take turns

  ${sluice}/one
      a rule for this path: always the same server

  ${sluice}/shop/cart -i
      two middlewares: the server sees /cart and a header more, you see another

  curl -k -i https://localhost:${SECURE_PORT}/one
      the same over TLS and HTTP/2; -k, because the certificate is one that Sluice has made for itself

  ${turn}/two/stop
      stops the second server; within a second or so it gets no requests any more
  ${turn}/two/start
      starts it again; the health check brings it back

  edit ${file}
      a change takes effect when you save; a mistake is reported here, and nothing else changes

Ctrl-C ends everything.
`;
}

/** Resolves at the first SIGINT or SIGTERM; further ones are ignored while everything ends. */
function untilAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}

async function main(): Promise<number> {
  const asked = untilAsked();
  const upstreams = new UpstreamServers();
  let sluice: SluiceProcess | undefined;
  try {
    await requireFreePort(PORT);
    await requireFreePort(SECURE_PORT);
    await upstreams.start();
    sluice = new SluiceProcess(folder);
    const ready = sluice.untilReady(PORT).then(() => process.stdout.write(instructions()));
    await Promise.race([ready, asked]);
    const end = await Promise.race([asked, sluice.untilEnd()]);
    if (end === undefined) return 0;
    process.stderr.write(`Sluice has ended (${end}).\n`);
    return 1;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  } finally {
    await sluice?.stop();
    await upstreams.close();
  }
}

process.exitCode = await main();
