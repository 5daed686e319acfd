// Processor time of a datagram proxy for each datagram and its echo. Without `--port` the relay of the addon is measured; with `--port
// P --pid N` any other proxy that sends to `--server-port`. `--gather` puts a relay on both sides, so that bursts come as the kernel
// coalesces them. Prints one line of JSON.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cpuBetween, readCpu } from '../measure/cpu-time.ts';
import { DatagramClients } from './datagram-clients.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '64' },
    bytes: { type: 'string', default: '64' },
    burst: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '3' },
    port: { type: 'string' },
    pid: { type: 'string' },
    'server-port': { type: 'string', default: '0' },
    gather: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false },
  },
});
const WARM_UP_MS = 500;
const children: ChildProcess[] = [];

async function start(program: string, ...args: readonly string[]): Promise<{ port: number; pid: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, program), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = await once(child.stdout!, 'data');
  return { port: Number(String(line)), pid: child.pid! };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function measured(server: number): Promise<{ port: number; pid: number }> {
  if (values.port !== undefined) return { port: Number(values.port), pid: Number(values.pid) };
  return start('relay-main.ts', String(server), ...(values.plain ? ['plain'] : []));
}

async function main(): Promise<void> {
  const echo = await start('echo-main.ts', values['server-port']);
  // With another proxy the far relay cannot be put behind its back: it sends to the echo itself.
  const far = values.gather && values.port === undefined ? await start('relay-main.ts', String(echo.port)) : echo;
  const proxy = await measured(far.port);
  const near = values.gather ? await start('relay-main.ts', String(proxy.port)) : proxy;
  const clients = new DatagramClients({
    port: near.port,
    clients: Number(values.clients),
    bytes: Number(values.bytes),
    burst: Number(values.burst),
  });
  await clients.start();
  await pause(WARM_UP_MS);
  const [before, { sent, received }] = [readCpu(proxy.pid), { ...clients }];
  await pause(Number(values.seconds) * 1000);
  const { microseconds } = cpuBetween(before, readCpu(proxy.pid));
  const echoed = clients.received - received;
  const result = { sent: clients.sent - sent, echoed, microsecondsPerEcho: microseconds / echoed };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  clients.stop();
}

try {
  await main();
} finally {
  for (const child of children) child.stdin!.end();
}
