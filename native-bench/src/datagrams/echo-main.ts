// A server that sends every datagram back. A program of its own, so that its time is nobody else's.
// Argument: port, 0 for any. Prints its port.

import { createSocket } from 'node:dgram';

const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024, sendBufferSize: 4 * 1024 * 1024 });
socket.on('message', (bytes, { port, address }) => socket.send(bytes, port, address));
socket.bind(Number(process.argv[2] ?? 0), '127.0.0.1', () => process.stdout.write(`${socket.address().port}\n`));
process.stdin.on('end', () => socket.close()).resume();
