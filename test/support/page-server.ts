// A small site of Node over HTTP/1.1: a page with a style, scripts and pictures, a place that tells how many bytes it got, and a
// WebSocket that sends back what it gets. What browsers are pointed at.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocketServer } from 'ws';

/** Resources that the page loads by itself. */
export const PAGE_RESOURCES = 12;
const PICTURES = PAGE_RESOURCES - 3;

/** One point, transparent. */
const PICTURE = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
const PAGE = `<!doctype html><html><head><title>A page</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css"><script src="/first.js"></script><script src="/second.js" defer></script></head>
<body><h1>Hello</h1>${Array.from({ length: PICTURES }, (_, n) => `<img src="/picture-${n}.gif" alt="">`).join('')}</body></html>`;

/** @returns its URL. */
export async function startPageServer(context: TestContext): Promise<string> {
  const server = createServer(answer);
  const sockets = new WebSocketServer({ server, path: '/socket' });
  sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
  server.listen(0, '127.0.0.1');
  context.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { url = '' } = request;
  const send = (type: string, body: string | Buffer) => response.writeHead(200, { 'Content-Type': type }).end(body);
  if (url === '/') send('text/html', PAGE);
  else if (url === '/style.css') send('text/css', `h1 { color: rgb(1, 2, 3) } ${'/* long */'.repeat(20_000)}`);
  else if (url === '/first.js') send('text/javascript', 'window.first = 1;');
  else if (url === '/second.js') send('text/javascript', 'window.second = window.first + 1;');
  else if (url.startsWith('/picture-')) send('image/gif', PICTURE);
  else if (url === '/upload') void upload(request).then((bytes) => send('text/plain', `${bytes}`));
  else response.writeHead(404).end();
}

async function upload(request: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of request) bytes += (chunk as Buffer).length;
  return bytes;
}
