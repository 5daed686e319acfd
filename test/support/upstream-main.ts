// An upstream server as a process of its own, so that it can be killed: answers with its name and what it was asked.
// Arguments: name, port (0: a free one). Prints the port. `/slow?<ms>` answers after that time, `/health` at once.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const [, , name = 'upstream', port = '0'] = process.argv;

const server = createServer((request, response) => {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => setTimeout(() => answer(request, response, bytes), slowMs(request)));
});
server.listen(Number(port), '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit(0));

function slowMs({ url = '' }: IncomingMessage): number {
  return Number(/^\/slow\?(\d+)$/.exec(url)?.[1] ?? 0);
}

function answer({ method, url }: IncomingMessage, response: ServerResponse, bytes: number): void {
  const body = `${name} ${method} ${url} ${bytes}\n`;
  response.writeHead(200, { 'Content-Length': body.length, 'X-Upstream': name });
  response.end(body);
}
