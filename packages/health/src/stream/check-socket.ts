// One connection of a health check: opened, perhaps secured, read by count, and cut. Bounded in bytes; time is bounded by whoever holds
// it, who cuts it. Errors are sentences for the log.

import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SecureConnection } from '../check-tls.ts';
import type { CheckPlace } from './stream-target.ts';

/** Everything that a server may say in one check. */
export const CHECK_BYTES_MAX = 64 * 1024;

export class CheckSocket {
  private readonly host: string;
  private socket: Socket;
  private buffered: Buffer = Buffer.alloc(0);
  private receivedBytes = 0;
  private failure: Error | undefined;
  private wake: (() => void) | undefined;
  private readonly onData = (bytes: Buffer): void => this.take(bytes);
  private readonly onError = (error: Error): void => this.fail(error);
  private readonly onClose = (): void => this.fail(new Error('the server closed the connection'));

  /** Connects at once. @param port of TCP */
  constructor({ host, port }: Pick<CheckPlace, 'host' | 'port'>) {
    this.host = host;
    this.socket = connect({ host, port, noDelay: true });
    this.listen();
  }

  /** Resolves once TCP has it. */
  async connected(): Promise<void> {
    const { socket } = this;
    const wake = (): void => this.wake?.();
    socket.once('connect', wake);
    while (socket.connecting) await this.change();
    socket.off('connect', wake);
    this.check();
  }

  /** TLS over what is there. Bytes that came before it are not taken for what is protected. */
  async secure(options: SecureConnection): Promise<void> {
    this.check();
    if (this.buffered.length > 0) throw new Error('the server sent more than it was asked for before TLS');
    const { socket, host } = this;
    socket.off('data', this.onData).off('close', this.onClose).off('end', this.onClose);
    // An address must not be sent as server name (RFC 6066 §3); the certificate is compared with it all the same.
    const secured = connectTls({ socket, host, servername: isIP(host) === 0 ? host : '', ...options });
    this.socket = secured;
    let isSecure = false;
    secured.once('secureConnect', () => {
      isSecure = true;
      this.wake?.();
    });
    this.listen();
    while (!isSecure) await this.change();
  }

  get isSecure(): boolean {
    return 'encrypted' in this.socket;
  }

  write(bytes: Uint8Array): void {
    this.check();
    this.socket.write(bytes);
  }

  /** Exactly so many bytes. */
  async read(count: number): Promise<Buffer> {
    if (count > CHECK_BYTES_MAX) throw tooMuch();
    while (this.buffered.length < count) await this.change();
    return this.cut(count);
  }

  /** What one read gives, at least one byte. */
  async readSome(): Promise<Buffer> {
    while (this.buffered.length === 0) await this.change();
    return this.cut(this.buffered.length);
  }

  /** Up to CRLF, without it. */
  async readLine(): Promise<string> {
    for (;;) {
      const end = this.buffered.indexOf('\r\n');
      if (end !== -1) return this.cut(end + 2).toString('latin1', 0, end);
      await this.change();
    }
  }

  /** Again: nothing happens. */
  destroy(reason?: Error): void {
    if (reason !== undefined) this.fail(reason);
    this.socket.destroy();
  }

  private listen(): void {
    this.socket.on('data', this.onData).on('error', this.onError).on('end', this.onClose).on('close', this.onClose);
  }

  private take(bytes: Buffer): void {
    this.receivedBytes += bytes.length;
    if (this.receivedBytes > CHECK_BYTES_MAX) {
      this.destroy(tooMuch());
      return;
    }
    this.buffered = this.buffered.length === 0 ? bytes : Buffer.concat([this.buffered, bytes]);
    this.wake?.();
  }

  private cut(count: number): Buffer {
    const bytes = this.buffered.subarray(0, count);
    this.buffered = this.buffered.subarray(count);
    return bytes;
  }

  /** The first reason is the one that counts. */
  private fail(error: Error): void {
    this.failure ??= error;
    this.wake?.();
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  /** Waits until something has happened. */
  private async change(): Promise<void> {
    this.check();
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    this.wake = undefined;
    if (this.buffered.length === 0) this.check();
  }
}

function tooMuch(): Error {
  return new Error(`the server sends more than ${CHECK_BYTES_MAX} bytes`);
}
