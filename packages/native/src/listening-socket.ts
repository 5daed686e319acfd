// Listening sockets: made with their options before a worker exists, adopted when inherited, and asked how many
// connections wait. Accepts nothing and resolves no names. Every failure is an Error with an errno name as `code`.

import { loadAddon } from './addon.ts';

interface ListeningSocketAddon {
  listenTcp(options: NativeTcpOptions): ListeningSocket;
  listenUnix(path: string, mode: number, backlog: number): ListeningSocket;
  adoptListeningSocket(descriptor: number): ListeningSocket;
  pendingConnections(descriptor: number): number;
}

interface NativeTcpOptions extends Required<Omit<TcpListenOptions, 'keepAlive'>> {
  readonly keepAliveIdleS: number;
  readonly keepAliveIntervalS: number;
  readonly keepAliveCount: number;
}

const addon = loadAddon<ListeningSocketAddon>();

export const LISTEN_BACKLOG_DEFAULT = 4096;
export const UNIX_SOCKET_MODE_DEFAULT = 0o660;

export interface TcpListenOptions {
  /** IPv4 or IPv6 address without brackets, an IPv6 one perhaps with `%zone`; or empty: all addresses. */
  readonly host: string;
  /** 0 … 65,535; 0: any free one. */
  readonly port: number;
  /** 1 … 65,535. Default 4,096. The kernel lowers it to `net.core.somaxconn`. */
  readonly backlog?: number;
  /** SO_REUSEPORT: several sockets on one port, among which the kernel spreads connections. Default true. */
  readonly reusePort?: boolean;
  /** For an empty host: IPv4 and IPv6 on one socket; IPv4 alone where the kernel has no IPv6. Default true; false: IPv4. */
  readonly dualStack?: boolean;
  /** An IPv6 socket takes no IPv4 connections; with an empty host there is no fallback. Default false. */
  readonly ipv6Only?: boolean;
  /** TCP_DEFER_ACCEPT: a connection waits unaccepted, up to so long, until it has sent bytes. 0 … 3,600. Default 0: off. */
  readonly deferAcceptSeconds?: number;
  /** TCP_FASTOPEN: pending fast-open requests, 0 … 65,535. Works if `net.ipv4.tcp_fastopen` has bit 2. Default 0: off. */
  readonly fastOpenQueue?: number;
  /** Inherited by accepted connections. Default: off. */
  readonly keepAlive?: KeepAliveOptions;
}

export interface KeepAliveOptions {
  /** Silence before the first probe, 1 … 32,767 seconds. */
  readonly idleS: number;
  /** Between two probes, 1 … 32,767 seconds. */
  readonly intervalS: number;
  /** Unanswered probes until the connection is broken, 1 … 127. */
  readonly count: number;
}

export interface UnixListenOptions {
  /** Up to 107 bytes. */
  readonly path: string;
  /** Permissions of the socket file whatever the umask is, 0 … 0o777. Default 0o660. Connecting needs write permission. */
  readonly mode?: number;
  /** 1 … 65,535. Default 4,096. */
  readonly backlog?: number;
}

/** What the kernel says about a listening socket. */
export interface ListeningSocket {
  /** Non-blocking and close-on-exec; the caller's to close (`closeDescriptor`) or to give to a transport. */
  readonly descriptor: number;
  readonly family: 'IPv4' | 'IPv6' | 'Unix';
  /** The address without brackets, or the path (`@name` for an abstract socket). */
  readonly address: string;
  /** 0 for a Unix socket. */
  readonly port: number;
}

/**
 * Binds and listens, always with SO_REUSEADDR. A Unix socket's file that nobody listens on any more is replaced; to find
 * out, a connection is opened and closed at once, which a live listener sees. Closing does not remove the file.
 *
 * @throws EINVAL for a value out of range, or a host which is a name; EADDRINUSE, EADDRNOTAVAIL, EACCES, EMFILE, ENFILE;
 *   for paths also ENAMETOOLONG, ENOENT, ENOTDIR, EROFS. The message has the address.
 */
export function createListeningSocket(options: TcpListenOptions | UnixListenOptions): ListeningSocket {
  if ('path' in options) {
    const { path, mode = UNIX_SOCKET_MODE_DEFAULT, backlog = LISTEN_BACKLOG_DEFAULT } = options;
    return addon.listenUnix(path, mode, backlog);
  }
  return addon.listenTcp(nativeTcpOptions(options));
}

/**
 * Takes over a listening socket somebody else made: inherited from the parent, systemd's LISTEN_FDS, or a mailbox.
 * Sets it non-blocking (for everybody who shares it) and close-on-exec (for us). On failure it is left as it was.
 *
 * @throws EBADF, ENOTSOCK, or EINVAL when it is not a listening stream socket of TCP or Unix.
 */
export function adoptListeningSocket(descriptor: number): ListeningSocket {
  return addon.adoptListeningSocket(descriptor);
}

/**
 * Connections which the kernel completed and nobody has accepted; a drain is safe to close the socket at 0. With
 * `deferAcceptSeconds`, those which have sent nothing yet are not counted. For a Unix socket 1 means one or more.
 *
 * @throws EBADF, ENOTSOCK, EINVAL as `adoptListeningSocket`.
 */
export function pendingConnections(descriptor: number): number {
  return addon.pendingConnections(descriptor);
}

/** Zeros mean "no keep-alive" to the addon, so a given zero must not get there. */
function nativeTcpOptions(options: TcpListenOptions): NativeTcpOptions {
  const { keepAlive } = options;
  if (keepAlive !== undefined && !(keepAlive.idleS >= 1 && keepAlive.intervalS >= 1 && keepAlive.count >= 1)) {
    const error = new Error('keepAlive must have idleS, intervalS and count of at least 1');
    throw Object.assign(error, { code: 'EINVAL' });
  }
  return {
    host: options.host,
    port: options.port,
    backlog: options.backlog ?? LISTEN_BACKLOG_DEFAULT,
    reusePort: options.reusePort ?? true,
    dualStack: options.dualStack ?? true,
    ipv6Only: options.ipv6Only ?? false,
    deferAcceptSeconds: options.deferAcceptSeconds ?? 0,
    fastOpenQueue: options.fastOpenQueue ?? 0,
    keepAliveIdleS: keepAlive?.idleS ?? 0,
    keepAliveIntervalS: keepAlive?.intervalS ?? 0,
    keepAliveCount: keepAlive?.count ?? 0,
  };
}
