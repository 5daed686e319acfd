// The servers of random sessions: in the clear, behind a PROXY header, and with TLS. A client says first which session it is; the server
// then does its side of that plan. Results are the session's, faults of what came before it are the servers'.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import { RandomSource } from '../../../packages/dataplane/src/testing/schedule/random-source.ts';
import type { SessionPlan } from './session-plan.ts';
import { type Ends, SessionSide, type SideResult } from './session-side.ts';

/** A number at the beginning of what a client sends. Begins with a letter: no TLS, and nothing else that is looked for. */
export const NUMBER_BYTES = 4;
export const FIRST_NUMBER = 0x41_00_00_00;
/** Clients of proxied sessions say that they come from here. */
export const PROXIED_ADDRESS = '192.0.2.7';

const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const V2_FIXED_BYTES = 16;

export interface Session {
  readonly plan: SessionPlan;
  client?: SessionSide;
  /** Set when the server knows of it. */
  server?: SessionSide;
  served?: Promise<SideResult>;
}

export interface ServerAddresses {
  readonly plain: readonly string[];
  readonly proxied: string;
  readonly secure: string;
}

export class SessionServers {
  readonly faults: string[] = [];
  readonly sessions = new Map<number, Session>();
  private readonly context: TestContext;
  private readonly sockets = new Set<net.Socket>();

  constructor(context: TestContext) {
    this.context = context;
    context.after(() => {
      for (const socket of this.sockets) socket.destroy();
    });
  }

  /** @param own certificate and key of the one with TLS */
  async start(own: { readonly cert: string; readonly key: string }): Promise<ServerAddresses> {
    const clear = (proxied: boolean) => {
      return net.createServer({ allowHalfOpen: true }, (wire) => void this.accept({ socket: wire, wire }, proxied));
    };
    const secureContext = tls.createSecureContext(own);
    const secure = net.createServer((wire) => {
      const socket = new tls.TLSSocket(wire, { isServer: true, secureContext });
      void this.accept({ socket, wire }, false);
    });
    return {
      plain: [await this.listen(clear(false)), await this.listen(clear(false))],
      proxied: await this.listen(clear(true)),
      secure: await this.listen(secure),
    };
  }

  private async listen(server: net.Server): Promise<string> {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1_000 });
    await once(server, 'listening');
    this.context.after(() => server.close());
    return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  }

  private async accept({ socket, wire }: Omit<Ends, 'other'>, proxied: boolean): Promise<void> {
    this.sockets.add(wire);
    wire.setNoDelay(true);
    wire.on('close', () => this.sockets.delete(wire)).on('error', () => {});
    socket.on('error', () => {});
    try {
      const first = await firstBytes(socket, (bytes) => bytes.length >= headBytes(bytes, proxied) + NUMBER_BYTES);
      if (first === undefined) return;
      const at = headBytes(first, proxied);
      const number = first.readUInt32BE(at) - FIRST_NUMBER;
      const session = this.sessions.get(number);
      assert.ok(session?.server === undefined, `session ${number} has come twice`);
      assert.ok(session !== undefined, `nobody has begun session ${number}`);
      if (proxied) checkHeader(first, session.plan);
      assert.equal(session.plan.kind === 'proxied', proxied, 'the router');
      assert.equal(session.plan.kind === 'passed', socket !== wire);
      const ends = { socket, wire, other: () => session.client };
      session.server = new SessionSide(ends, session.plan, 'server', new RandomSource(number));
      session.served = session.server.run(first.subarray(at + NUMBER_BYTES));
    } catch (error) {
      this.faults.push(String(error));
      socket.destroy();
    }
  }
}

/** @returns undefined when it ends before. */
function firstBytes(socket: net.Socket, isEnough: (bytes: Buffer) => boolean): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const finish = (result: Buffer | undefined) => {
      socket.off('data', onData).off('close', onEnd).off('end', onEnd);
      resolve(result);
    };
    const onEnd = () => {
      socket.destroy();
      finish(undefined);
    };
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (isEnough(bytes)) finish(bytes);
    };
    socket.on('data', onData).on('close', onEnd).on('end', onEnd);
  });
}

/** Of the PROXY header; more than there are while that is not known. */
function headBytes(bytes: Buffer, proxied: boolean): number {
  if (!proxied) return 0;
  return bytes.length < V2_FIXED_BYTES ? V2_FIXED_BYTES : V2_FIXED_BYTES + bytes.readUInt16BE(14);
}

/** Version 2 with the address that the client has said. */
function checkHeader(bytes: Buffer, { headerPort }: SessionPlan): void {
  assert.ok(bytes.subarray(0, V2_SIGNATURE.length).equals(V2_SIGNATURE), 'a PROXY header of version 2');
  assert.equal(bytes.readUInt16BE(12), 0x21_11, 'PROXY, TCP over IPv4');
  assert.equal([...bytes.subarray(16, 20)].join('.'), PROXIED_ADDRESS);
  assert.equal(bytes.readUInt16BE(24), headerPort);
}

/** What a client sends first to say that it is somebody else. */
export function proxyHeader({ header, headerPort, kind }: SessionPlan): Buffer {
  const source = kind === 'proxied' ? PROXIED_ADDRESS : '203.0.113.9';
  if (header === 'none') return Buffer.alloc(0);
  if (header === 'v1') return Buffer.from(`PROXY TCP4 ${source} 198.51.100.2 ${headerPort} 443\r\n`);
  const addresses = Buffer.from([...source.split('.').map(Number), 198, 51, 100, 2]);
  const fixed = Buffer.concat([V2_SIGNATURE, Buffer.of(0x21, 0x11, 0, 12), addresses, Buffer.alloc(4)]);
  fixed.writeUInt16BE(headerPort, 24);
  fixed.writeUInt16BE(443, 26);
  return fixed;
}
