// Tells the service manager how this process is doing (sd_notify(3)): ready, reloading, stopping, alive.
// Without NOTIFY_SOCKET everything here does nothing; a message that cannot be delivered changes nothing either.

import { sendDescriptors } from '@sluice/native';

/** Shorter intervals would be noise. */
const WATCHDOG_INTERVAL_MIN_MS = 10;

export class ServiceNotifier {
  private readonly socket: string;
  /** Milliseconds between two signs of life; undefined when the service manager does not watch. */
  readonly watchdogIntervalMs: number | undefined;
  private watchdog: NodeJS.Timeout | undefined;

  constructor(env: NodeJS.ProcessEnv, pid: number) {
    const { NOTIFY_SOCKET: socket = '', WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: watched } = env;
    this.socket = socket.startsWith('/') || socket.startsWith('@') ? socket : '';
    const isWatched = /^[1-9]\d{0,15}$/.test(microseconds) && (watched === undefined || watched === String(pid));
    this.watchdogIntervalMs = isWatched ? Math.max(WATCHDOG_INTERVAL_MIN_MS, Number(microseconds) / 2000) : undefined;
  }

  ready(status: string): void {
    this.send(`READY=1\nSTATUS=${oneLine(status)}`);
  }

  status(status: string): void {
    this.send(`STATUS=${oneLine(status)}`);
  }

  stopping(): void {
    this.stopWatchdog();
    this.send('STOPPING=1');
  }

  /** A sign of life each half of the manager's interval, as long as `isAlive`. A later call replaces an earlier one. */
  startWatchdog(isAlive: () => boolean): void {
    if (this.watchdogIntervalMs === undefined || this.socket === '') return;
    this.stopWatchdog();
    this.watchdog = setInterval(() => {
      if (isAlive()) this.send('WATCHDOG=1');
    }, this.watchdogIntervalMs);
    this.watchdog.unref();
  }

  stopWatchdog(): void {
    clearInterval(this.watchdog);
  }

  private send(message: string): void {
    if (this.socket === '') return;
    try {
      sendDescriptors(this.socket, Buffer.from(message), []);
    } catch {
      // A full queue or an absent service manager: serving goes on, and the next message may get through.
    }
  }
}

/** Each line of a message is a field of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ');
}
