// Answers for a test's authority whether its certificates are good (RFC 6960): openssl decides and signs, this carries requests
// to it over HTTP on a loopback port.

import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { openssl } from './openssl.ts';
import type { TestAuthority } from './test-authority.ts';

export class OcspResponder {
  asked = 0;
  private readonly authority: TestAuthority;
  private readonly server: Server;

  static async start(context: TestContext, authority: TestAuthority): Promise<OcspResponder> {
    const responder = new OcspResponder(authority);
    responder.server.listen(0, '127.0.0.1');
    context.after(() => {
      responder.server.close();
      responder.server.closeAllConnections();
    });
    await once(responder.server, 'listening');
    return responder;
  }

  private constructor(authority: TestAuthority) {
    this.authority = authority;
    this.server = createServer(async (request, response) => {
      this.asked++;
      const answer = this.answer(await buffer(request));
      response.writeHead(200, { 'Content-Type': 'application/ocsp-response', 'Content-Length': answer.length });
      response.end(answer);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private answer(request: Buffer): Buffer {
    const { authority, asked } = this;
    const place = (name: string) => join(authority.folder, `ocsp-${asked}.${name}`);
    writeFileSync(place('request'), request);
    const signing = ['-rsigner', authority.certFile, '-rkey', authority.keyFile, '-CA', authority.certFile];
    const files = ['-index', authority.indexFile, '-reqin', place('request'), '-respout', place('response')];
    openssl('ocsp', ...files, ...signing, '-nmin', '60');
    return readFileSync(place('response'));
  }
}
