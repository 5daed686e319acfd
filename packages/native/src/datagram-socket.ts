// Bound UDP sockets: made with their options before a worker exists, or adopted when inherited. Receives nothing and resolves no
// names. Every failure is an Error with an errno name as `code`.

import { loadAddon } from './addon.ts';

interface DatagramSocketAddon {
  bindUdp(options: Required<UdpBindOptions>): DatagramSocket;
  adoptDatagramSocket(descriptor: number): DatagramSocket;
}

const addon = loadAddon<DatagramSocketAddon>();

/** Asked for, so that a burst of a turn's length fits; the kernel grants `net.core.rmem_max`/`wmem_max` without CAP_NET_ADMIN. */
export const UDP_BUFFER_BYTES_DEFAULT = 4 * 1024 * 1024;

export interface UdpBindOptions {
  /** IPv4 or IPv6 address without brackets, an IPv6 one perhaps with `%zone`; or empty: all addresses. */
  readonly host: string;
  /** 0 … 65,535; 0: any free one. */
  readonly port: number;
  /** SO_REUSEPORT: several sockets on one port; the kernel gives all datagrams of a client to the same one. Default true. */
  readonly reusePort?: boolean;
  /** For an empty host: IPv4 and IPv6 on one socket; IPv4 alone where the kernel has no IPv6. Default true; false: IPv4. */
  readonly dualStack?: boolean;
  /** SO_RCVBUF, 0 … 1 GiB; 0: the system's. The kernel gives what it allows. Default 4 MiB. */
  readonly receiveBufferBytes?: number;
  /** SO_SNDBUF, as above. */
  readonly sendBufferBytes?: number;
}

/** What the kernel says about a bound UDP socket. */
export interface DatagramSocket {
  /** Non-blocking and close-on-exec; the caller's to close (`closeDescriptor`) or to give to a transport. */
  readonly descriptor: number;
  readonly family: 'IPv4' | 'IPv6';
  /** The address without brackets. */
  readonly address: string;
  readonly port: number;
}

/** @throws EINVAL for a value out of range, or a host which is a name; EADDRINUSE, EADDRNOTAVAIL, EACCES, EMFILE, ENFILE. */
export function createDatagramSocket(options: UdpBindOptions): DatagramSocket {
  return addon.bindUdp({
    host: options.host,
    port: options.port,
    reusePort: options.reusePort ?? true,
    dualStack: options.dualStack ?? true,
    receiveBufferBytes: options.receiveBufferBytes ?? UDP_BUFFER_BYTES_DEFAULT,
    sendBufferBytes: options.sendBufferBytes ?? UDP_BUFFER_BYTES_DEFAULT,
  });
}

/**
 * Takes over a UDP socket somebody else made. Sets it non-blocking (for everybody who shares it) and close-on-exec (for us).
 * @throws EBADF, ENOTSOCK, or EINVAL when it is no UDP socket; it is left as it was then.
 */
export function adoptDatagramSocket(descriptor: number): DatagramSocket {
  return addon.adoptDatagramSocket(descriptor);
}
