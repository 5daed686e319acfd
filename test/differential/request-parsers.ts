// Three parsers that know nothing of ours, as servers: Node's, nginx and HAProxy. The latter two pass on what they have read
// to a collector. They come from Debian; no service is started.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { startHaproxy } from '../support/haproxy-server.ts';
import { startNginx } from '../support/nginx-server.ts';
import { Collector } from './collector.ts';

export interface RequestParser {
  readonly name: 'node' | 'nginx' | 'haproxy';
  readonly port: number;
  readonly collector: Collector;
}

export async function startParsers(context: TestContext): Promise<RequestParser[]> {
  return [await startNode(context), await startNginxParser(context), await startHaproxyParser(context)];
}

async function startNode(context: TestContext): Promise<RequestParser> {
  const collector = new Collector();
  const ports = new WeakMap<Socket, number>();
  const server = createServer({ insecureHTTPParser: false, keepAliveTimeout: 0 }, (request, response) => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { method = '', url = '', headers, socket } = request;
      collector.note(ports.get(socket)!, { method, target: url, id: headers['x-case-id'] as string, body });
      response.end('ok');
    });
  });
  // A closed socket has no port any more.
  server.on('connection', (socket) => ports.set(socket, socket.remotePort!));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { name: 'node', port: (server.address() as AddressInfo).port, collector };
}

async function startNginxParser(context: TestContext): Promise<RequestParser> {
  const collector = await Collector.start(context);
  const location = `location / {
      proxy_pass http://127.0.0.1:${collector.port};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Tap $remote_port;
    }
    large_client_header_buffers 4 64k;
    keepalive_requests 1000000;`;
  const url = await startNginx(context, {}, location);
  return { name: 'nginx', port: Number(new URL(url).port), collector };
}

async function startHaproxyParser(context: TestContext): Promise<RequestParser> {
  const collector = await Collector.start(context);
  const port = await startHaproxy(context, collector.port, ['http-request set-header X-Tap %[src_port]']);
  return { name: 'haproxy', port, collector };
}
