// Keeps OCSP responses for the certificates that are served: fetched in the background, renewed when half their life is over, never
// handed out once they have ended. In memory only. Whoever publishes them asks for `staples` and is told when they change.
// Nobody waits for it: a certificate without a response is served without one.

import { Errors } from '@sluice/errors';
import { EnvHttpProxyAgent } from 'undici';
import { CertificateError } from '../load/certificate-error.ts';
import type { KeyPair } from '../load/parse-key-pair.ts';
import { fetchStaple, type StapleOutcome } from './fetch-staple.ts';
import { type OcspTarget, ocspTarget } from './ocsp-target.ts';
import { refreshMs, retryMs, stapleEndMs } from './staple-schedule.ts';

/** The part of a pino logger that is used. */
export interface OcspLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface OcspStaplerOptions {
  /** Responders to ask in place of those that certificates name; by their URL as it is written there. */
  readonly responderOverrides: Readonly<Record<string, string>>;
  readonly log: OcspLog;
  /** What `staples` gives has changed. Several changes within a moment are told once. */
  readonly onChange: () => void;
  /** For one responder's answer. Default 10 seconds. */
  readonly timeoutMs?: number;
  /** Default: `Date.now`. */
  readonly now?: () => number;
}

export type StapledPair = Pick<KeyPair, 'id' | 'chainPem' | 'commonName' | 'ocspUrls'>;

interface Entry {
  readonly name: string;
  readonly target: OcspTarget;
  readonly urls: readonly string[];
  staple: { readonly der: Buffer; readonly endMs: number } | undefined;
  failures: number;
  dueMs: number;
  isRunning: boolean;
  /** Undefined: its certificate is served. */
  goneMs: number | undefined;
}

const TIMEOUT_DEFAULT_MS = 10_000;
const CONCURRENT_MAX = 4;
/** What is known of a certificate that is gone is kept for so long, in case it comes back. */
const KEPT_MS = 24 * 3_600_000;
const CHANGE_DELAY_MS = 200;
/** Also how often entries are looked at when nothing is due. */
const LOOK_MAX_MS = 3_600_000;

export class OcspStapler {
  private readonly options: OcspStaplerOptions;
  private readonly entries = new Map<string, Entry>();
  /** Certificates that name a responder and cannot be asked about. */
  private readonly hopeless = new Set<string>();
  private readonly agent = new EnvHttpProxyAgent({ allowH2: false });
  private readonly stopped = new AbortController();
  private running = 0;
  private timer: NodeJS.Timeout | undefined;
  private changeTimer: NodeJS.Timeout | undefined;

  constructor(options: OcspStaplerOptions) {
    this.options = options;
  }

  /** Replaces the certificates that responses are kept for. What is new is asked about at once, in the background. */
  apply(pairs: readonly StapledPair[]): void {
    if (this.stopped.signal.aborted) throw new Error('the stapler is closed');
    const now = this.now();
    const wanted = new Set<string>();
    for (const pair of pairs) {
      if (pair.ocspUrls.length === 0 || wanted.has(pair.id)) continue;
      wanted.add(pair.id);
      const known = this.entries.get(pair.id);
      if (known !== undefined) known.goneMs = undefined;
      else this.add(pair, now);
    }
    for (const [id, entry] of this.entries) if (!wanted.has(id)) entry.goneMs ??= now;
    for (const id of this.hopeless) if (!wanted.has(id)) this.hopeless.delete(id);
    this.look();
  }

  /** DER by id of the certificate; only what may be sent now, and only of certificates that are served. */
  get staples(): ReadonlyMap<string, Buffer> {
    const now = this.now();
    const current = new Map<string, Buffer>();
    for (const [id, { staple, goneMs }] of this.entries) {
      if (goneMs === undefined && staple !== undefined && staple.endMs > now) current.set(id, staple.der);
    }
    return current;
  }

  /** Nothing is asked or told any more. */
  async close(): Promise<void> {
    this.stopped.abort();
    clearTimeout(this.timer);
    clearTimeout(this.changeTimer);
    await this.agent.destroy();
  }

  private add(pair: StapledPair, now: number): void {
    if (this.hopeless.has(pair.id)) return;
    const { commonName: name } = pair;
    try {
      const target = ocspTarget(pair.chainPem);
      const urls = pair.ocspUrls.map((url) => this.options.responderOverrides[url] ?? url);
      const nothing = { staple: undefined, failures: 0, isRunning: false, goneMs: undefined };
      this.entries.set(pair.id, { name, target, urls, dueMs: now, ...nothing });
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      this.hopeless.add(pair.id);
      this.warn(pair.id, name, [`the certificate ${error.message}`]);
    }
  }

  /** Starts what is due, drops what has ended, and sets the timer for what comes next. */
  private look(): void {
    clearTimeout(this.timer);
    const now = this.now();
    let nextMs = now + LOOK_MAX_MS;
    for (const [id, entry] of this.entries) {
      if (entry.staple !== undefined && entry.staple.endMs <= now) {
        entry.staple = undefined;
        this.changed();
      }
      if (entry.goneMs !== undefined) {
        if (entry.goneMs + KEPT_MS <= now && !entry.isRunning) this.entries.delete(id);
        continue;
      }
      if (entry.dueMs <= now && !entry.isRunning && this.running < CONCURRENT_MAX) void this.fetch(id, entry);
      if (!entry.isRunning && entry.dueMs > now) nextMs = Math.min(nextMs, entry.dueMs);
      if (entry.staple !== undefined) nextMs = Math.min(nextMs, entry.staple.endMs);
    }
    this.timer = setTimeout(() => this.look(), nextMs - now);
  }

  /** Whatever waits for room is started when one has ended. */
  private async fetch(id: string, entry: Entry): Promise<void> {
    entry.isRunning = true;
    this.running++;
    const limits = { timeoutMs: this.options.timeoutMs ?? TIMEOUT_DEFAULT_MS, now: () => this.now() };
    const outcome = await fetchStaple(entry.target, entry.urls, limits, this.agent, this.stopped.signal);
    if (this.stopped.signal.aborted) return;
    entry.isRunning = false;
    this.running--;
    this.take(id, entry, outcome);
    this.look();
  }

  private take(id: string, entry: Entry, { staple, problems }: StapleOutcome): void {
    const now = this.now();
    if (staple === undefined) {
      entry.failures++;
      entry.dueMs = retryMs(entry.failures, now, Math.random());
      // Said once; what is repeated every hour would be read by nobody.
      if (entry.failures === 1) this.warn(id, entry.name, problems);
      else this.options.log.debug({ certificate: entry.name, id, problems }, 'no OCSP response, again');
      return;
    }
    const isOther = entry.staple === undefined || !entry.staple.der.equals(staple.der);
    if (staple.isRevoked && isOther) this.warn(id, entry.name, ['the certificate is revoked']);
    entry.failures = 0;
    entry.staple = { der: staple.der, endMs: stapleEndMs(staple, now) };
    entry.dueMs = refreshMs(staple, now, Math.random());
    this.options.log.debug({ certificate: entry.name, id, problems }, 'OCSP response fetched');
    if (isOther && entry.goneMs === undefined) this.changed();
  }

  private warn(id: string, certificate: string, problems: readonly string[]): void {
    const { code, meaning } = Errors.OCSP_FAILED;
    this.options.log.warn({ code, certificate, id, problems }, meaning);
  }

  private changed(): void {
    this.changeTimer ??= setTimeout(() => {
      this.changeTimer = undefined;
      this.options.onChange();
    }, CHANGE_DELAY_MS);
  }

  private now(): number {
    return (this.options.now ?? Date.now)();
  }
}
