// Ends a socket with RST for random schedules. Node never closes a handle that is reset while its FIN waits behind unsent
// bytes (libuv refuses, Node takes it for closed), and the process then spins at its end: such a socket is only destroyed.

import type { Socket } from 'node:net';

export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
