// Takes over from workers whose supervisor died: they go on serving, hand copies of their sockets to us, and are told to drain when
// our own workers accept from these. At every moment somebody accepts, so no connection is refused and no datagram is lost.

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  askControl,
  type HandOverMail,
  pidOfWorkerControl,
  takeoverMailboxPath,
  workerControlPath,
  workerMailboxPath,
} from '@sluice/dataplane/process';
import { type CatalogueEntry, Errors } from '@sluice/errors';
import { closeDescriptor, type Mail, type Mailbox, openMailbox } from '@sluice/native';
import type { Logger } from 'pino';
import { adoptSocket, type BoundSocket } from './sockets/bound-socket.ts';

const ASK_TIMEOUT_MS = 5000;
/** A worker notices the end of its supervisor within moments, but we may be quicker. */
const SUPERVISED_RETRIES_MAX = 30;
const SUPERVISED_RETRY_MS = 100;

export class Takeover {
  /** By entry point. The receiver's to close. */
  readonly sockets = new Map<string, BoundSocket[]>();
  private readonly runtimeDirectory: string;
  private readonly log: Logger;
  /** Process ids of workers that handed something over. */
  private earlier: number[] = [];

  private readonly udp: ReadonlySet<string>;

  /** @param udp entry points of UDP; an instance keeps its entry points, so the others are of TCP. */
  constructor(runtimeDirectory: string, udp: Iterable<string>, log: Logger) {
    this.runtimeDirectory = runtimeDirectory;
    this.udp = new Set(udp);
    this.log = log;
  }

  /** How many earlier workers serve and have not been told to drain. */
  get earlierCount(): number {
    return this.earlier.length;
  }

  /** Collects the sockets of all earlier workers, and removes what dead ones left behind. Never fails. */
  async collect(): Promise<void> {
    const pids = readdirSync(this.runtimeDirectory)
      .map(pidOfWorkerControl)
      .filter((pid) => pid !== undefined);
    if (pids.length === 0) return;
    const mailbox = openMailbox(takeoverMailboxPath(this.runtimeDirectory, process.pid));
    try {
      // One after the other: a mailbox takes few mails at a time.
      for (const pid of pids) await this.collectFrom(pid, mailbox);
    } finally {
      mailbox.close();
    }
  }

  /** Tells the earlier workers to leave as soon as their exchanges have ended. Later calls do nothing. */
  async drainEarlier(graceMs: number): Promise<void> {
    const pids = this.earlier;
    this.earlier = [];
    await Promise.all(
      pids.map(async (pid) => {
        try {
          const request = { type: 'drain', acceptGraceMs: 0, graceMs };
          const answer = await askControl(workerControlPath(this.runtimeDirectory, pid), request, ASK_TIMEOUT_MS);
          if (answer.type === 'draining') this.log.info({ pid }, 'the earlier worker drains');
          else this.complain(Errors.TAKEOVER_REFUSED, pid, answer.reason);
        } catch (error) {
          this.complain(Errors.TAKEOVER_UNREACHABLE, pid, (error as Error).message);
        }
      }),
    );
  }

  private async collectFrom(pid: number, mailbox: Mailbox): Promise<void> {
    let answer: Record<string, unknown>;
    try {
      answer = await this.askToHandOver(pid, mailbox.path);
    } catch (error) {
      this.unreachable(pid, error as NodeJS.ErrnoException);
      return;
    }
    const taken = this.readMails(pid, mailbox);
    if (answer.type !== 'handed-over') {
      this.complain(Errors.TAKEOVER_REFUSED, pid, answer.reason);
      return;
    }
    const announced = Array.isArray(answer.listeners) ? answer.listeners.length : 0;
    if (taken < announced) this.complain(Errors.TAKEOVER_INCOMPLETE, pid, `${taken} of ${announced} sockets arrived`);
    this.log.info({ pid, sockets: taken }, 'took over the listening sockets of an earlier worker');
    this.earlier.push(pid);
  }

  private async askToHandOver(pid: number, mailbox: string): Promise<Record<string, unknown>> {
    const path = workerControlPath(this.runtimeDirectory, pid);
    let answer = await askControl(path, { type: 'hand-over', mailbox }, ASK_TIMEOUT_MS);
    for (let retry = 0; answer.type === 'refused' && retry < SUPERVISED_RETRIES_MAX; retry++) {
      await sleep(SUPERVISED_RETRY_MS);
      answer = await askControl(path, { type: 'hand-over', mailbox }, ASK_TIMEOUT_MS);
    }
    return answer;
  }

  private readMails(pid: number, mailbox: Mailbox): number {
    let taken = 0;
    try {
      for (let mail = mailbox.take(); mail !== undefined; mail = mailbox.take()) taken += this.readMail(pid, mail);
    } catch (error) {
      this.complain(Errors.TAKEOVER_INCOMPLETE, pid, (error as Error).message);
    }
    return taken;
  }

  /** @returns how many sockets of it are ours now. */
  private readMail(pid: number, { payload, descriptors }: Mail): number {
    const names = entryPointsOf(payload, pid);
    let taken = 0;
    descriptors.forEach((descriptor, index) => {
      const name = names[index];
      try {
        if (name === undefined) throw new Error('a descriptor without the name of its entry point');
        const socket = adoptSocket(descriptor, this.udp.has(name) ? 'udp' : 'tcp');
        this.sockets.set(name, [...(this.sockets.get(name) ?? []), socket]);
        taken++;
      } catch (error) {
        closeDescriptor(descriptor);
        this.complain(Errors.TAKEOVER_INCOMPLETE, pid, (error as Error).message);
      }
    });
    return taken;
  }

  private unreachable(pid: number, { code, message }: NodeJS.ErrnoException): void {
    if (code !== 'ECONNREFUSED' && code !== 'ENOENT') {
      this.complain(Errors.TAKEOVER_UNREACHABLE, pid, message);
      return;
    }
    rmSync(workerControlPath(this.runtimeDirectory, pid), { force: true });
    rmSync(workerMailboxPath(this.runtimeDirectory, pid), { force: true });
  }

  private complain({ code, logLevel, meaning }: CatalogueEntry, pid: number, reason: unknown): void {
    this.log[logLevel]({ code, pid, reason, file: join(this.runtimeDirectory, `worker-${pid}.sock`) }, meaning);
  }
}

function entryPointsOf(payload: Buffer, pid: number): readonly string[] {
  try {
    const mail = JSON.parse(payload.toString('utf8')) as Partial<HandOverMail>;
    const names = mail.entryPoints;
    if (mail.pid === pid && Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  } catch {
    // Falls through: nothing in it can be used.
  }
  return [];
}
