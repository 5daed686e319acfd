// A site whose own pages (ping, metrics) are on an entry point of their own, with an HTTP server behind everything else, and a
// client that says what it has exchanged: what metrics have to agree with.

import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { Exposition } from '@sluice/observability/testing';
import { freePort } from './free-port.ts';
import { SluiceSite, type StaticSections } from './sluice-site.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Agent;
}

const TIMEOUT_MS = 60_000;

export class MetricsSite {
  readonly site: SluiceSite;
  /** Of the entry point "traefik". */
  readonly internalPort: number;

  /** @param sections more of the static configuration, or other ones; `entryPoints` is fixed. */
  static async create(context: TestContext, sections: StaticSections = {}): Promise<MetricsSite> {
    const site = await SluiceSite.create(context);
    const internalPort = await freePort();
    const entryPoints = {
      web: { address: `127.0.0.1:${site.port}` },
      traefik: { address: `127.0.0.1:${internalPort}` },
    };
    site.writeStatic({ ping: {}, metrics: { prometheus: {} }, ...sections, entryPoints });
    return new MetricsSite(site, internalPort);
  }

  private constructor(site: SluiceSite, internalPort: number) {
    this.site = site;
    this.internalPort = internalPort;
  }

  /** @throws Error when the page is not what a scraper can read. */
  async scrape(): Promise<Exposition> {
    const { status, body } = await this.internal('/metrics');
    if (status !== 200) throw new Error(`the metrics page answers ${status}: ${body}`);
    return Exposition.parse(body);
  }

  internal(path: string, asked: Asked = {}): Promise<Answer> {
    return ask(this.internalPort, { path, ...asked });
  }

  web(asked: Asked): Promise<Answer> {
    return ask(this.site.port, asked);
  }
}

/** Over a connection of its own unless an agent is given. */
export function ask(port: number, { method = 'GET', path = '/', headers = {}, body, agent }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      method,
      path,
      headers,
      agent: agent ?? new Agent(),
      timeout: TIMEOUT_MS,
    };
    const outgoing = request(options, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${path} within ${TIMEOUT_MS} ms`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Answers `/<status>/<bytes>` with that status and so many bytes, once the request's body is there. @returns its URL. */
export async function startStatusServer(context: TestContext): Promise<string> {
  const server = createServer((incoming, response) => {
    const [, status, bytes] = /^\/(\d+)\/(\d+)/.exec(incoming.url ?? '') ?? [];
    incoming.resume().on('end', () => {
      response.writeHead(Number(status ?? 200));
      response.end('x'.repeat(Number(bytes ?? 0)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
