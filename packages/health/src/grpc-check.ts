// Carries out the gRPC health checks of one server (grpc.health.v1.Health/Check for the server as a whole), one after the other. Knows
// nothing of schedules or thresholds. Bounded: time, size of the answer, connections.
// A connection is kept from check to check as long as checks are answered with OK, and cut when one is not. Only while the kernel
// still waits for a server's first packet it is left at that, for a while: what it has begun cannot be taken back.

import type { SecureConnection } from './check-tls.ts';
import { judgeGrpcOutcome } from './grpc-answer.ts';
import type { GrpcCall, GrpcClient } from './grpc-client.ts';
import type { GrpcTarget } from './grpc-target.ts';
import type { CheckOutcome } from './http-check.ts';

/** The kernel tries on for about two minutes: so no more than a few attempts are under way at once. */
const CONNECTING_MAX_MS = 20_000;
const OK = 0;
const DEADLINE_EXCEEDED = 4;
/** Otherwise the server has said so. */
const LIBRARY_SAYS_LATE = 'Deadline exceeded after ';
const STOPPED: CheckOutcome = { healthy: false, reason: 'stopped' };

export class GrpcCheck {
  private readonly target: GrpcTarget;
  private readonly timeoutMs: number;
  private readonly tls: SecureConnection;
  private client: GrpcClient | undefined;
  /** Monotonic milliseconds. */
  private openedAtMs = 0;
  private call: GrpcCall | undefined;
  private isClosed = false;

  /** @param tls for secure targets. Default: as Node does it */
  constructor(target: GrpcTarget, timeoutMs: number, tls: SecureConnection = {}) {
    this.target = target;
    this.timeoutMs = timeoutMs;
    this.tls = tls;
  }

  /** Not to be called again before it has ended. Never rejects. */
  async run(): Promise<CheckOutcome> {
    try {
      return await this.ask();
    } catch (error) {
      // The library, or something of it, could not be loaded.
      this.drop();
      return { healthy: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** A check under way ends, with an outcome that is worthless; connections are cut. */
  close(): void {
    this.isClosed = true;
    this.call?.cancel();
    this.drop();
  }

  private async ask(): Promise<CheckOutcome> {
    const client = await this.open();
    if (client === undefined) return STOPPED;
    this.call = client.check(this.timeoutMs);
    const outcome = await this.call.outcome;
    this.call = undefined;
    if (this.isClosed) return STOPPED;
    const isLate = outcome.code === DEADLINE_EXCEEDED && outcome.details.startsWith(LIBRARY_SAYS_LATE);
    if (outcome.code !== OK && !(isLate && this.mayGoOn(client))) this.drop();
    return isLate ? { healthy: false, reason: `no answer within ${this.timeoutMs} ms` } : judgeGrpcOutcome(outcome);
  }

  /** Undefined: closed. The library is loaded by the first check that needs it. */
  private async open(): Promise<GrpcClient | undefined> {
    if (this.client === undefined && !this.isClosed) {
      const { GrpcClient } = await import('./grpc-client.ts');
      if (this.isClosed) return undefined;
      this.client = new GrpcClient(this.target, this.tls);
      this.openedAtMs = performance.now();
    }
    return this.client;
  }

  private mayGoOn(client: GrpcClient): boolean {
    return client.isConnecting && performance.now() - this.openedAtMs < CONNECTING_MAX_MS;
  }

  private drop(): void {
    this.client?.close();
    this.client = undefined;
  }
}
