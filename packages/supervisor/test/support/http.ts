// Small HTTP servers and requests for tests, on loopback.

import { once } from 'node:events';
import { Agent, createServer, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** @returns the server's URL. */
export async function startUpstream(context: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that answers with its name: `/slow` after `slowMs`, everything else at once. `onSlow` is called when one of those has come. */
export async function slowUpstream(
  context: TestContext,
  name: string,
  slowMs = 1500,
  onSlow: () => void = () => {},
): Promise<string> {
  return await startUpstream(context, (incoming, response) => {
    if (incoming.url === '/slow') onSlow();
    setTimeout(() => response.end(name), incoming.url === '/slow' ? slowMs : 0);
  });
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Over a connection of its own unless an agent is given. @throws what the socket throws. */
export function get(port: number, path = '/', agent = new Agent()): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, agent, timeout: 60_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode!, body }));
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** One router for everything, to one server. */
export function dynamicYaml(url: string): string {
  return `
http:
  routers:
    all: { rule: "PathPrefix(\`/\`)", service: all }
  services:
    all: { loadBalancer: { servers: [{ url: "${url}" }] } }
`;
}
