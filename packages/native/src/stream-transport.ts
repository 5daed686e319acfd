// The stream transport: many TCP and Unix-socket connections, one batch of events and one batch of commands per
// turn of the event loop. Knows bytes, deadlines and limits; must not know HTTP, configuration or policy.
// Hot path: no allocation here. Events are read from, and commands written to, preallocated rings.

import { loadAddon } from './addon.ts';
import { sharedRegion } from './shared-region.ts';
import {
  HEADER_NOW_DOUBLE,
  HEADER_QUEUED_DOUBLE,
  HEADER_SPLICED_DOUBLE,
  HEADER_WORDS,
  HeaderWord,
} from './stream-transport-header.ts';
import { resolveStreamTransportOptions, type StreamTransportOptions } from './stream-transport-options.ts';
import { Command, RECORD_WORDS } from './stream-transport-records.ts';
import type { TlsContext } from './tls-context.ts';

/**
 * Called once per batch with the number of records in `transport.events`. Must not throw: an exception becomes
 * 'uncaughtException' of the process, the rest of the batch is lost, commands queued so far are still executed.
 * Microtasks it starts run after the last batch of a turn (a few hundred events at most), before its commands are flushed.
 */
export type BatchHandler = (count: number) => void;

export interface LocalAddress {
  /** Literal address; empty for Unix sockets. */
  readonly address: string;
  readonly port: number;
}

/** What the addon exports for this face; see cc/stream-transport/native-class.cc. */
interface NativeStreamTransport {
  flush(): void;
  /** Within a batch only: its commands are executed. @returns events of the next one; 0: that was the last of this turn. */
  nextBatch(): number;
  listen(descriptor: number, tag: number, connectionsMax: number): void;
  unlisten(tag: number, closeDescriptor: boolean): void;
  connect(address: string, port: number, speaksFirst: boolean): number;
  connectUnix(path: string): number;
  adopt(descriptor: number): number;
  listenMailbox(descriptor: number, tag: number): void;
  handOver(connection: number, mailbox: number, peerOffset: number, tag: number): number;
  localAddress(connection: number): LocalAddress | undefined;
  receivedBytes(connection: number): number;
  sentBytes(connection: number): number;
  takenBytes(connection: number): number;
  unreadBytes(connection: number): number;
  startTls(connection: number, context: unknown, offset: number, length: number): number;
  startTlsClient(
    connection: number,
    context: unknown,
    serverName: string,
    sessionKey: string,
    protocols: Uint8Array,
  ): number;
  peerCertificates(connection: number): Buffer[] | undefined;
  destroy(): void;
}

interface TransportAddon {
  readonly NativeStreamTransport: new (
    options: readonly number[],
    memory: ArrayBuffer,
    events: ArrayBuffer,
    commands: ArrayBuffer,
    queuedBytes: ArrayBuffer,
    header: ArrayBuffer,
    handler: BatchHandler,
  ) => NativeStreamTransport;
}

const LOW_WORD = 2 ** 32;
const INT32_MAX = 2 ** 31 - 1;
const CONTEXT_PROTOCOLS = new Uint8Array(0);

/**
 * One per worker. `memory` has two regions: `[0, receivePoolBytes)` is the receive pool written by the transport and
 * `[receivePoolBytes, …)` is the arena written by JavaScript; SEND takes ranges of either.
 *
 * The event loop stays alive while there are connections or listeners. A transport is not garbage collected before
 * `destroy()`.
 *
 * @throws Error with a `code` (`EMFILE`, `ENOMEM`, …) when the kernel refuses the epoll instance or memory; RangeError for options.
 */
export class StreamTransport {
  readonly memory: Buffer;
  /** Event ring, RECORD_WORDS each. */
  readonly events: Int32Array;
  /** Unsent bytes queued per connection, by `id & INDEX_MASK`; current as of the last flush. */
  readonly queuedBytes: Uint32Array;

  readonly #commands: Int32Array;
  readonly #header: Int32Array;
  readonly #clock: Float64Array;
  readonly #commandsMax: number;
  readonly #arenaStart: number;
  readonly #arenaBytes: number;
  readonly #native: NativeStreamTransport;
  #destroyed = false;

  constructor(options: StreamTransportOptions, handler: BatchHandler) {
    const sizes = resolveStreamTransportOptions(options);
    const { connectionsMax, receivePoolBytes, receiveMaxBytes, arenaBytes, eventsMax, commandsMax } = sizes;
    const recordBytes = RECORD_WORDS * 4;
    const memory = sharedRegion(receivePoolBytes + arenaBytes);
    const events = sharedRegion(eventsMax * recordBytes);
    const commands = sharedRegion(commandsMax * recordBytes);
    const queued = sharedRegion(connectionsMax * 4);
    const header = sharedRegion(HEADER_WORDS * 4);
    this.memory = Buffer.from(memory);
    this.events = new Int32Array(events);
    this.queuedBytes = new Uint32Array(queued);
    this.#commands = new Int32Array(commands);
    this.#header = new Int32Array(header);
    this.#clock = new Float64Array(header);
    this.#commandsMax = commandsMax;
    this.#arenaStart = receivePoolBytes;
    this.#arenaBytes = arenaBytes;
    const { NativeStreamTransport } = loadAddon<TransportAddon>();
    this.#native = new NativeStreamTransport(
      [
        connectionsMax,
        receivePoolBytes,
        receiveMaxBytes,
        arenaBytes,
        sizes.queueMaxBytes,
        eventsMax,
        commandsMax,
        sizes.acceptedMax,
        sizes.queuedMemoryHighBytes,
      ],
      memory,
      events,
      commands,
      queued,
      header,
      (count) => this.#turn(handler, count),
    );
  }

  /** Milliseconds with fractions, monotonic (CLOCK_MONOTONIC), taken once per batch and once per flush outside of one. */
  get now(): number {
    return this.#clock[HEADER_NOW_DOUBLE]!;
  }

  /** Connections whose descriptor is open, including those that linger after CLOSE, and those whose CLOSED is still to be read. */
  get connectionCount(): number {
    return this.#header[HeaderWord.CONNECTIONS]!;
  }

  /** Memory that unsent bytes of all connections take, also of those that linger after CLOSE; current as of the last flush. */
  get queuedMemoryBytes(): number {
    return this.#clock[HEADER_QUEUED_DOUBLE]!;
  }

  /** Bytes that relays have moved by splice(2), of all relays so far; the others were copied. */
  get splicedBytes(): number {
    return this.#clock[HEADER_SPLICED_DOUBLE]!;
  }

  /** Commands ignored because their connection was dead; a few are normal (its end was under way). Wraps after 2^31 - 1. */
  get staleCommands(): number {
    return this.#header[HeaderWord.STALE]!;
  }

  /** Commands refused on a live connection: SEND after SHUTDOWN or outside `memory`, RELAY of a source that relays, unknown kinds. */
  get refusedCommands(): number {
    return this.#header[HeaderWord.REFUSED]!;
  }

  /** TLS handshakes under way, on both sides: from `startTls` to TLS_READY or the end of the connection. */
  get handshakes(): number {
    return this.#header[HeaderWord.HANDSHAKES]!;
  }

  /**
   * Reserves `bytes` contiguous bytes of the arena (8-byte aligned) until the end of this batch (outside a batch: until the next flush).
   * May flush first, which keeps pool bytes valid but recycles arena bytes: reserve everything one message needs in one call.
   * @returns an offset in `memory`. @throws RangeError beyond arenaBytes.
   */
  reserve(bytes: number): number {
    if (!(bytes >= 0 && bytes <= this.#arenaBytes)) {
      throw new RangeError(`cannot reserve ${bytes} bytes: the arena has ${this.#arenaBytes}`);
    }
    const size = (bytes + 7) & ~7;
    let used = this.#header[HeaderWord.ARENA_USED]!;
    if (used + size > this.#arenaBytes) {
      this.flush();
      used = 0;
    }
    this.#header[HeaderWord.ARENA_USED] = used + size;
    return this.#arenaStart + used;
  }

  send(connection: number, offset: number, length: number): void {
    this.#command(Command.SEND, connection, offset, length, 0, 0);
  }

  /** bytes: count or RELAY_UNTIL_END. flags: of RELAY_SHUTDOWN, RELAY_COPY, RELAY_SPLICE. Bytes of the source already delivered as DATA are not part of it. */
  relay(source: number, destination: number, bytes: number, flags: number): void {
    const high = bytes < 0 ? -1 : Math.floor(bytes / LOW_WORD);
    const low = bytes < 0 ? -1 : bytes % LOW_WORD;
    this.#command(Command.RELAY, source, destination, low, high, flags);
  }

  stopRelay(source: number): void {
    this.#command(Command.STOP_RELAY, source, 0, 0, 0, 0);
  }

  pause(connection: number): void {
    this.#command(Command.PAUSE, connection, 0, 0, 0, 0);
  }

  resume(connection: number): void {
    this.#command(Command.RESUME, connection, 0, 0, 0, 0);
  }

  shutdown(connection: number): void {
    this.#command(Command.SHUTDOWN, connection, 0, 0, 0, 0);
  }

  close(connection: number, lingerMs: number): void {
    this.#command(Command.CLOSE, connection, wholeMilliseconds(lingerMs), 0, 0, 0);
  }

  reset(connection: number): void {
    this.#command(Command.RESET, connection, 0, 0, 0, 0);
  }

  /** 0 clears; less than 0 fires at once; fractions are rounded up. */
  deadline(connection: number, milliseconds: number): void {
    this.#command(Command.DEADLINE, connection, wholeMilliseconds(milliseconds), 0, 0, 0);
  }

  idleDeadline(connection: number, milliseconds: number): void {
    this.#command(Command.DEADLINE, connection, wholeMilliseconds(milliseconds), 1, 0, 0);
  }

  /**
   * Accepted connections have what their listener was made with; others none until this. May follow `connect` at once.
   * TCP_NODELAY, by the way, is on for all.
   */
  keepAlive(connection: number, idleS: number, intervalS: number, count: number): void {
    this.#command(Command.KEEP_ALIVE, connection, idleS, intervalS, count, 0);
  }

  /** Executes all queued commands now. Called by the addon itself after each batch; call it after commands issued elsewhere. */
  flush(): void {
    if (this.#header[HeaderWord.COMMANDS] === 0) {
      this.#header[HeaderWord.ARENA_USED] = 0;
    } else if (!this.#destroyed) {
      this.#native.flush();
    }
  }

  /**
   * Takes ownership of a listening descriptor. `tag` (1 … 65,535) comes back in ACCEPTED. `connectionsMax` 0: no limit of its own.
   * @throws Error with `code`: EEXIST (tag in use), EINVAL (not listening), EBADF, …; the descriptor stays the caller's then.
   */
  listen(descriptor: number, tag: number, connectionsMax = 0): void {
    this.#native.listen(descriptor, tag, connectionsMax);
  }

  /**
   * Stops accepting on that listener; `closeDescriptor` false leaves the descriptor open for others. Accepted connections live on.
   * @throws Error with `code` ENOENT for an unknown tag.
   */
  unlisten(tag: number, closeDescriptor: boolean): void {
    this.#native.unlisten(tag, closeDescriptor);
  }

  /**
   * Starts to connect; SENDs may follow at once and go out when connected. Set a deadline to bound the time.
   * Failures of the other side (ECONNREFUSED, EHOSTUNREACH, …) come as CONNECT_FAILED, also when they are known at once.
   * @param address literal IPv4 or IPv6, the latter with an optional `%scope`.
   * @param speaksFirst something will be sent as soon as it is connected. Saves a segment, the last one of the handshake; where nothing
   *   is sent after all, the other side learns up to 200 ms later that it is connected.
   * @returns id. @throws Error with `code`: EINVAL (not a literal address), EMFILE, EADDRNOTAVAIL, ENOBUFS (all seats taken), ….
   */
  connect(address: string, port: number, speaksFirst = false): number {
    return this.#native.connect(address, port, speaksFirst);
  }

  /** As `connect`, to a Unix socket of at most 107 bytes of path; ENOENT, EACCES and EAGAIN (backlog full) come as CONNECT_FAILED. */
  connectUnix(path: string): number {
    return this.#native.connectUnix(path);
  }

  /** Adopts an already connected stream descriptor. @returns id. @throws Error with `code`; the descriptor stays the caller's then. */
  adopt(descriptor: number): number {
    return this.#native.adopt(descriptor);
  }

  /**
   * Takes ownership of the receiving end of a connection mailbox: connections in it are reported as ACCEPTED, with the tag and the peer
   * record that `handOver` was given, and count for the listener of that tag. `tag` is the mailbox's own, for LISTENER_PAUSED and
   * `unlisten`. Without seats or descriptors they stay in the mailbox.
   * @throws Error with `code`: EEXIST (tag in use), EPROTOTYPE (no such mailbox), EBADF, …; the descriptor stays the caller's then.
   */
  listenMailbox(descriptor: number, tag: number): void {
    this.#native.listenMailbox(descriptor, tag);
  }

  /**
   * Puts an accepted connection into another process's mailbox, for good. Only in the batch of its ACCEPTED event, as nothing may have
   * been read, sent, or commanded. `peerOffset`: where the event's peer record is. `tag`: of the listener there that it shall belong to.
   * @returns 0, and the id is dead; else an errno, and nothing has changed: EAGAIN (mailbox full), EPIPE (nobody there), EBUSY (in
   *   use already), ESTALE (dead id), ETOOMANYREFS, EINVAL.
   */
  handOver(connection: number, mailbox: number, peerOffset: number, tag: number): number {
    return this.#native.handOver(connection, mailbox, peerOffset, tag);
  }

  /** Our end's address. A system call and an allocation: not for every request. Undefined for a dead id. */
  localAddress(connection: number): LocalAddress | undefined {
    return this.#native.localAddress(connection);
  }

  /** Bytes read from a connection since it began, by DATA events and by relays. Not for every request. -1 for a dead id. */
  receivedBytes(connection: number): number {
    return this.#native.receivedBytes(connection);
  }

  /** Bytes sent to a connection since it began, queued ones included; as of the last flush. Not for every request. -1 for a dead id. */
  sentBytes(connection: number): number {
    return this.#native.sentBytes(connection);
  }

  /**
   * Bytes that the peer has acknowledged since the connection began: what its program has not read yet may lie in its kernel, but
   * nothing of it in ours. A system call: not for every request. -1 for a dead id.
   */
  takenBytes(connection: number): number {
    return this.#native.takenBytes(connection);
  }

  /** Bytes of a peer that wait in the kernel, also while it is paused. A system call: not for every request. -1 for a dead id. */
  unreadBytes(connection: number): number {
    return this.#native.unreadBytes(connection);
  }

  /**
   * Begins TLS as the server; the ClientHello may have been looked at before: `offset`/`length` is the range of `memory` with all that
   * was received so far and not used (at most 256 KiB), 0/0 if nothing was. Queued commands are executed first: what was sent before
   * goes out as it is, in front; what is sent afterwards waits for the handshake. From TLS_READY on the connection behaves like a plain one; until
   * then it has no DATA. Its counts of bytes go on with decrypted ones, its idle deadline looks at encrypted ones.
   * Set a deadline to bound the handshake.
   * @returns 0 or an errno, and nothing has changed: ESTALE (dead id), ENOTCONN (broken), EBUSY (TLS already, relaying, SHUTDOWN was
   *   issued or END reported), EINVAL (range), ENOMEM. @throws TypeError for a context that is not one for servers.
   */
  startTls(connection: number, context: TlsContext, offset: number, length: number): number {
    this.#makeRoom();
    return this.#native.startTls(connection, context.native, offset, length);
  }

  /**
   * Begins TLS as the client, also while connecting; else as `startTls`. `serverName` (at most 255 bytes): for SNI and verification, an
   * address is only verified; may be empty with an insecure context. `sessionKey`: under which sessions are kept and looked for; empty:
   * no resumption. `protocols`: ALPN as on the wire (RFC 7301 §3.1), in place of the context's.
   * @throws RangeError for names and protocols, TypeError for a context that is not one for clients.
   */
  startTlsClient(
    connection: number,
    context: TlsContext,
    serverName: string,
    sessionKey: string = serverName,
    protocols: Uint8Array = CONTEXT_PROTOCOLS,
  ): number {
    this.#makeRoom();
    return this.#native.startTlsClient(connection, context.native, serverName, sessionKey, protocols);
  }

  /**
   * The certificates that the peer has sent, as DER, its own first; verified or not as the context says. Allocates: not for every
   * request. Undefined without any, before TLS_READY, and for a dead id.
   */
  peerCertificates(connection: number): Buffer[] | undefined {
    return this.#native.peerCertificates(connection);
  }

  /** Closes everything, also listeners; queued commands are dropped. The transport is unusable afterwards; a second call does nothing. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#native.destroy();
  }

  #turn(handler: BatchHandler, first: number): void {
    for (let count = first; count > 0; count = this.#native.nextBatch()) {
      handler(count);
      if (this.#destroyed) return;
    }
  }

  #command(kind: number, connection: number, a: number, b: number, c: number, d: number): void {
    const header = this.#header;
    if (header[HeaderWord.COMMANDS]! >= this.#commandsMax) this.#makeRoom();
    const count = header[HeaderWord.COMMANDS]!;
    const commands = this.#commands;
    const base = count * RECORD_WORDS;
    commands[base] = kind;
    commands[base + 1] = connection;
    commands[base + 2] = a;
    commands[base + 3] = b;
    commands[base + 4] = c;
    commands[base + 5] = d;
    header[HeaderWord.COMMANDS] = count + 1;
  }

  /** A flush that leaves reserved arena bytes reserved: the caller may be in the middle of a message. */
  #makeRoom(): void {
    const used = this.#header[HeaderWord.ARENA_USED]!;
    if (!this.#destroyed) this.#native.flush();
    this.#header[HeaderWord.COMMANDS] = 0;
    this.#header[HeaderWord.ARENA_USED] = used;
  }
}

function wholeMilliseconds(value: number): number {
  return value < 0 ? -1 : Math.min(Math.ceil(value), INT32_MAX);
}
