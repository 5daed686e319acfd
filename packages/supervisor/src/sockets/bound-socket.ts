// A socket that an entry point has, of TCP or of UDP, and how one that somebody else made becomes ours. Opens none.

import { adoptDatagramSocket, adoptListeningSocket, type DatagramSocket, type ListeningSocket } from '@sluice/native';

/** Its descriptor is the holder's to close. */
export type BoundSocket = Pick<ListeningSocket | DatagramSocket, 'descriptor' | 'address' | 'port'>;

/**
 * Takes over a socket that somebody else bound; on failure it is left as it was.
 * @throws Error with `code`: EBADF, ENOTSOCK, or EINVAL when it is not a listening socket of TCP, or a socket of UDP.
 */
export function adoptSocket(descriptor: number, protocol: 'tcp' | 'udp'): BoundSocket {
  return protocol === 'udp' ? adoptDatagramSocket(descriptor) : adoptListeningSocket(descriptor);
}
