// An MQTT broker of its own on a loopback port, and its clients. Both are of Debian; the service that the package has is not started.

import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { endProcess, listens } from './nginx-server.ts';
import { serverFolder, startProcess } from './server-process.ts';

const TOOLS = [
  { command: 'mosquitto', debianPackage: 'mosquitto' },
  { command: 'mosquitto_pub', debianPackage: 'mosquitto-clients' },
  { command: 'mosquitto_sub', debianPackage: 'mosquitto-clients' },
];
const CLIENT_TIMEOUT_S = 20;

/** @returns its port */
export async function startMosquitto(context: TestContext): Promise<number> {
  requireTools(TOOLS, (line) => context.diagnostic(line));
  const atEnd = (end: () => Promise<void>) => context.after(end);
  const folder = serverFolder(atEnd, 'mosquitto', {});
  const port = await freePort();
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const child = startProcess(atEnd, findTool('mosquitto')!, ['-c', file], {}, 'SIGTERM');
  await eventually('the broker takes clients', () => {
    if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
    return listens(port);
  });
  return port;
}

/** Publishes until a subscriber on the same port has seen it. @returns what the subscriber has printed */
export async function passMessage(context: TestContext, port: number, text: string): Promise<string> {
  const place = ['-h', '127.0.0.1', '-p', `${port}`, '-t', 'sluice/test'];
  const subscriber = spawn(findTool('mosquitto_sub')!, [...place, '-C', '1', '-W', `${CLIENT_TIMEOUT_S}`]);
  context.after(() => endProcess(subscriber));
  let said = '';
  for (const output of [subscriber.stdout, subscriber.stderr]) {
    output.on('data', (chunk: Buffer) => {
      said += chunk;
    });
  }
  await eventually('the subscriber has ended', async () => {
    if (subscriber.exitCode !== null) return true;
    await promisify(execFile)(findTool('mosquitto_pub')!, [...place, '-m', text]);
    return false;
  });
  return said.trim();
}
