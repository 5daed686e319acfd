// The upstream server of UDP scenarios, as a process of its own: sends every datagram back. Argument: `gather` to take and give bursts
// as the kernel puts them together. Prints its port.

import { createSocket } from 'node:dgram';
import { startGatheringRelay } from '../load/gathering-relay.ts';

const BUFFER_BYTES = 4 * 1024 * 1024;

const socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES, sendBufferSize: BUFFER_BYTES });
socket.on('message', (bytes, { port, address }) => socket.send(bytes, port, address));
socket.bind(0, '127.0.0.1', () => {
  const { port } = socket.address();
  process.stdout.write(`${process.argv[2] === 'gather' ? startGatheringRelay(port) : port}\n`);
});
// Whoever started it is gone.
process.stdin.on('end', () => process.exit(0)).resume();
