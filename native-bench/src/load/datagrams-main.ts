// Bursts of datagrams and their echoes, one burst after the other for each of so many clients.
// Argument: a DatagramsPlan as JSON. Warms up, prints `ready`, waits for a line, then prints a DatagramsResult.

import { DatagramClients } from './datagram-clients.ts';
import type { DatagramsPlan, DatagramsResult } from './datagrams-plan.ts';
import { startGatheringRelay } from './gathering-relay.ts';

const plan = JSON.parse(process.argv[2]!) as DatagramsPlan;
const clients = new DatagramClients(plan);

await clients.open(plan.gathers ? startGatheringRelay(plan.port) : plan.port);
await clients.run(plan.warmUpSeconds);
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
const startedAtMs = performance.now();
await clients.run(plan.seconds);
const durationUs = (performance.now() - startedAtMs) * 1000;
const result: DatagramsResult = { durationUs, sent: clients.sent, echoed: clients.echoed };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
