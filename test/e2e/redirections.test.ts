// `http.redirections` of an entry point, through a whole node: who comes in plain is sent on, before any router of a user.

import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { everythingTo } from '../support/configurations.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

const timeout = 170_000;

/** Status and Location. */
function ask(port: number, headers: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/a?b=c', headers: { host: 'example.com', ...headers } });
    asked.on('error', reject);
    asked.on('response', (response: IncomingMessage) => {
      response.resume();
      response.on('end', () => resolve(`${response.statusCode} ${response.headers.location ?? ''}`.trim()));
    });
    asked.end();
  });
}

test('plain requests are redirected, unless they were not plain', { timeout }, async (context) => {
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context);
  const redirections = { entryPoint: { to: ':8443' } };
  const forwardedHeaders = { insecure: true };
  site.writeStatic({
    workers: 1,
    entryPoints: { web: { address: `127.0.0.1:${site.port}`, forwardedHeaders, http: { redirections } } },
  });
  site.writeDynamic(everythingTo({ servers: [upstream.url] }));
  const node = await site.serve();
  assert.equal(await ask(site.port, {}), '301 https://example.com:8443/a?b=c');
  const secure = { 'x-forwarded-proto': 'https', host: 'example.com:8443' };
  assert.equal(await ask(site.port, secure), '418', 'where it should be, and nothing else is there');
  assert.deepEqual(node.complaints, []);
});
