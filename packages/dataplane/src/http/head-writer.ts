// Composes bytes in the transport's send arena: request lines, header fields, short bodies. One per worker, reused.
// Refuses bytes that could split a message. Allocates nothing.

import type { StreamTransport } from '@sluice/native';
import { type HeaderTable, writeAddedFields, writeDecimal } from '@sluice/protocols';

export class HeadWriter {
  private readonly transport: StreamTransport;
  private readonly memory: Buffer;
  private start = 0;
  private position = 0;

  constructor(transport: StreamTransport) {
    this.transport = transport;
    this.memory = transport.memory;
  }

  /**
   * Starts a piece of at most `bytesMax` bytes. Send it before anything else is reserved.
   * @throws RangeError when the arena is smaller.
   */
  begin(bytesMax: number): void {
    this.start = this.transport.reserve(bytesMax);
    this.position = this.start;
  }

  /** Text of our own, may contain line ends. */
  text(text: string): void {
    const { memory } = this;
    let position = this.position;
    for (let i = 0; i < text.length; i++) memory[position++] = text.charCodeAt(i);
    this.position = position;
  }

  /**
   * Text that came from a peer or the configuration, on one line.
   * @throws RangeError for control characters (HTAB excepted) and anything beyond latin-1.
   */
  line(text: string): void {
    const { memory } = this;
    let position = this.position;
    for (let i = 0; i < text.length; i++) memory[position++] = checkedCode(text, i);
    this.position = position;
  }

  field(name: string, value: string): void {
    this.line(name);
    this.text(': ');
    this.line(value);
    this.text('\r\n');
  }

  decimal(value: number): void {
    this.position = writeDecimal(this.memory, this.position, value);
  }

  /** The fields that were added to a head; `addedFieldsBytes` tells their size. @throws RangeError for what could split it. */
  added(head: HeaderTable): void {
    this.position = writeAddedFields(head, this.memory, this.position);
  }

  bytes(source: Uint8Array): void {
    this.memory.set(source, this.position);
    this.position += source.length;
  }

  /** Bytes written since `begin`. */
  get length(): number {
    return this.position - this.start;
  }

  send(connection: number): void {
    if (this.position > this.start) this.transport.send(connection, this.start, this.position - this.start);
    this.start = this.position;
  }
}

function checkedCode(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) {
    throw new RangeError(`character ${code} is not allowed in a message head`);
  }
  return code;
}
