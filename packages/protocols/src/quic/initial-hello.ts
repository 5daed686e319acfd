// Reads server name and application protocols of a new QUIC connection from the Initial packets of its client, versions 1 and 2.
// Reusable: one for each connection whose hello is not complete. Changes none of the bytes it reads; answers nothing.
// Allocates about 32 KiB when it is made, and for every Initial packet what deciphering takes.

import { ClientHello } from '../tls-hello/client-hello.ts';
import { parseHelloMessage } from '../tls-hello/client-hello-parser.ts';
import { CryptoStream } from './crypto-stream.ts';
import { type InitialKeys, initialKeys } from './initial-keys.ts';
import { openInitial } from './open-initial.ts';
import { QuicError } from './quic-error.ts';
import { CONNECTION_ID_BYTES_MAX, QuicHeader, QuicPacketType } from './quic-header.ts';

export const QuicHelloState = { NEED_MORE: 0, COMPLETE: 1 } as const;

/** A server discards smaller ones (RFC 9000 §14.1). */
export const INITIAL_DATAGRAM_BYTES_MIN = 1200;
/** Initial packets that are looked at for one hello, genuine or not. A hello of 16 KiB takes 14. */
export const INITIAL_PACKETS_MAX = 32;
/** RFC 9000 §7.2. */
const FIRST_ID_BYTES_MIN = 8;

export class InitialHello {
  /** What the client says, once COMPLETE; valid until `reset`. */
  readonly hello: ClientHello = new ClientHello();
  /** Of the first Initial packet. 0: there was none. */
  version = 0;
  destinationIdBytes = 0;
  sourceIdBytes = 0;
  private readonly destinationId = Buffer.alloc(CONNECTION_ID_BYTES_MAX);
  private readonly sourceId = Buffer.alloc(CONNECTION_ID_BYTES_MAX);
  private readonly header = new QuicHeader();
  private readonly stream = new CryptoStream();
  private keys: InitialKeys | undefined;
  private packets = 0;

  /** Makes it ready for another connection. */
  reset(): void {
    this.hello.reset();
    this.stream.reset();
    this.version = 0;
    this.destinationIdBytes = 0;
    this.sourceIdBytes = 0;
    this.keys = undefined;
    this.packets = 0;
  }

  /** The connection id that the client has chosen for the server, as `connectionIdOf` gives it. */
  get destinationConnectionId(): string {
    return this.destinationId.latin1Slice(0, this.destinationIdBytes);
  }

  /** The client's own. */
  get sourceConnectionId(): string {
    return this.sourceId.latin1Slice(0, this.sourceIdBytes);
  }

  /**
   * `bytes[start…end)` is one datagram; what follows its Initial packets is left alone.
   * @returns one of `QuicHelloState`, or a `QuicError` (below 0) about this datagram. After an error the datagrams of the client
   *   may still be added: anybody can send one in its name. Only BAD_HELLO and TOO_MANY_PACKETS stay.
   */
  add(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    let fault: number = QuicError.NOT_QUIC;
    let isTaken = false;
    while (at < end) {
      fault = this.header.parse(bytes, at, end);
      if (fault !== 0) break;
      if (this.header.type === QuicPacketType.INITIAL) {
        fault = end - start < INITIAL_DATAGRAM_BYTES_MIN ? QuicError.DATAGRAM_TOO_SMALL : this.addPacket(bytes, at);
        if (fault !== 0) break;
        isTaken = true;
      }
      at = this.header.end;
    }
    // What comes behind a good packet may be anything, zeros too.
    if (isTaken) return isAboutHello(fault) ? fault : this.readHello();
    return fault === 0 ? QuicError.NOT_INITIAL : fault;
  }

  private addPacket(bytes: Uint8Array, at: number): number {
    const { header } = this;
    if (this.packets === INITIAL_PACKETS_MAX) return QuicError.TOO_MANY_PACKETS;
    if (this.keys === undefined && header.destinationIdBytes < FIRST_ID_BYTES_MIN) return QuicError.BAD_CONNECTION_ID;
    if (this.keys !== undefined && !this.isSameConnection(bytes)) return QuicError.OTHER_CONNECTION;
    const { destinationIdOffset: offset, destinationIdBytes } = header;
    const keys = this.keys ?? initialKeys(header.version, bytes.subarray(offset, offset + destinationIdBytes));
    const frames = openInitial(keys, bytes, at, header);
    this.packets++;
    if (frames === undefined) return QuicError.BAD_PROTECTION;
    if (this.keys === undefined) this.keep(bytes, keys);
    return this.stream.addFrames(frames);
  }

  /** A first packet that is not genuine leaves nothing behind. */
  private keep(bytes: Uint8Array, keys: InitialKeys): void {
    const { header } = this;
    this.keys = keys;
    this.version = header.version;
    this.destinationIdBytes = header.destinationIdBytes;
    this.sourceIdBytes = header.sourceIdBytes;
    const { destinationIdOffset, sourceIdOffset } = header;
    this.destinationId.set(bytes.subarray(destinationIdOffset, destinationIdOffset + header.destinationIdBytes));
    this.sourceId.set(bytes.subarray(sourceIdOffset, sourceIdOffset + header.sourceIdBytes));
  }

  private isSameConnection(bytes: Uint8Array): boolean {
    const { header, destinationId } = this;
    if (header.version !== this.version || header.destinationIdBytes !== this.destinationIdBytes) return false;
    for (let index = 0; index < header.destinationIdBytes; index++) {
      if (bytes[header.destinationIdOffset + index] !== destinationId[index]) return false;
    }
    return true;
  }

  private readHello(): number {
    const result = parseHelloMessage(this.hello, this.stream.bytes, 0, this.stream.contiguous);
    if (result < 0) return QuicError.BAD_HELLO;
    return result === 0 ? QuicHelloState.NEED_MORE : QuicHelloState.COMPLETE;
  }
}

function isAboutHello(fault: number): boolean {
  return fault === QuicError.CONFLICT || fault === QuicError.HELLO_TOO_LARGE || fault === QuicError.BAD_FRAME;
}
