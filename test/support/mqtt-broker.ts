// A mosquitto on loopback, with TLS or without, and its own clients to publish and subscribe with. All are Debian's; the service that
// the package has is not started.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { endProcess, listens } from './nginx-server.ts';
import type { CertificateFiles } from './test-authority.ts';

const CLIENT_TIMEOUT_MS = 60_000;

/** @param certificate it speaks TLS only @returns its port */
export async function startMosquitto(context: TestContext, certificate?: CertificateFiles): Promise<number> {
  const tools = [
    { command: 'mosquitto', debianPackage: 'mosquitto' },
    { command: 'mosquitto_sub', debianPackage: 'mosquitto-clients' },
    { command: 'mosquitto_pub', debianPackage: 'mosquitto-clients' },
  ];
  requireTools(tools, (line) => context.diagnostic(line));
  const folder = mkdtempSync(join(tmpdir(), 'sluice-mosquitto-'));
  const port = await freePort();
  const lines = [
    // Otherwise it would give up the rights that reading the key takes.
    `user ${userInfo().username}`,
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'log_type error',
    ...(certificate === undefined ? [] : [`certfile ${certificate.certFile}`, `keyfile ${certificate.keyFile}`]),
  ];
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = spawn(findTool('mosquitto')!, ['-c', file], { stdio: 'ignore' });
  context.after(async () => {
    await endProcess(child);
    rmSync(folder, { recursive: true, force: true });
  });
  await eventually('mosquitto listens', () => listens(port));
  return port;
}

/** Words of a client that say where it connects to, and how. */
export type MqttWay = readonly string[];

/** Publishes one message that the broker keeps. */
export async function publish(way: MqttWay, topic: string, message: string): Promise<void> {
  const args = [...way, '-q', '1', '-r', '-t', topic, '-m', message];
  await promisify(execFile)(findTool('mosquitto_pub')!, args, { timeout: CLIENT_TIMEOUT_MS });
}

/** The message that the broker has kept. */
export async function keptMessage(way: MqttWay, topic: string): Promise<string> {
  const args = [...way, '-C', '1', '-W', '20', '-t', topic];
  const { stdout } = await promisify(execFile)(findTool('mosquitto_sub')!, args, { timeout: CLIENT_TIMEOUT_MS });
  return stdout.trim();
}

/** A client that stays connected. Its words are lines: with `sub` messages come in, with `pub` they go out. */
export class MqttSession {
  /** Messages, without what the client says of itself. */
  readonly messages: string[] = [];
  private readonly child: ChildProcess;
  private said = '';

  /** @param aliveS seconds between signs of life */
  constructor(context: TestContext, kind: 'sub' | 'pub', way: MqttWay, topic: string, aliveS: number) {
    const words = kind === 'sub' ? ['-d', '-F', '=%p'] : ['-l'];
    const args = [...way, '-q', '1', '-k', `${aliveS}`, '-t', topic, ...words];
    // Otherwise what it says of itself comes with its next message.
    const command = ['-oL', findTool(`mosquitto_${kind}`)!, ...args];
    this.child = spawn(findTool('stdbuf')!, command, { stdio: ['pipe', 'pipe', 'ignore'] });
    context.after(() => endProcess(this.child));
    this.child.stdout!.on('data', (chunk: Buffer) => this.read(chunk.toString()));
  }

  get isConnected(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** How often the broker has let it in. */
  get arrivals(): number {
    return this.said.split('received CONNACK').length - 1;
  }

  /** Waits until the broker has confirmed what it wants to hear of. */
  async subscribed(): Promise<this> {
    await eventually('a subscription', () => this.said.includes('Subscribed'));
    return this;
  }

  write(message: string): void {
    this.child.stdin!.write(`${message}\n`);
  }

  private read(chunk: string): void {
    this.said += chunk;
    const lines = this.said.split('\n').slice(0, -1);
    this.messages.splice(
      0,
      this.messages.length,
      ...lines.filter((line) => line[0] === '=').map((line) => line.slice(1)),
    );
  }
}
