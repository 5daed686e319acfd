// Clients that come and go: each connection asks once or not at all and ends in one of many ways, decent or not. Opens them at a
// steady rate from several addresses of the loopback network, and knows which of them should have got an answer.

import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ChurnOptions {
  readonly port: number;
  readonly perSecond: number;
}

interface Manner {
  /** Of all connections, so many in a hundred. */
  readonly share: number;
  readonly sends: string;
  /** What comes back begins like this; empty: nothing is waited for. */
  readonly expects: string;
  /** Called when that has come, or at once when nothing is waited for. */
  readonly end: (socket: Socket) => void;
}

const finish = (socket: Socket) => socket.end();
const reset = (socket: Socket) => socket.resetAndDestroy();
const OK = 'HTTP/1.1 200 ';

const MANNERS: readonly Manner[] = [
  // Waits for the end, which the proxy makes.
  { share: 50, sends: 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', expects: OK, end: () => {} },
  { share: 15, sends: 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', expects: OK, end: finish },
  { share: 10, sends: 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody', expects: OK, end: reset },
  { share: 5, sends: 'GET /slow?20 HTTP/1.1\r\nHost: h\r\n\r\n', expects: '', end: reset },
  { share: 10, sends: '', expects: '', end: finish },
  { share: 5, sends: 'GET / HTTP/1.1\r\nHos', expects: '', end: reset },
  { share: 5, sends: 'nonsense\r\n\r\n', expects: 'HTTP/1.1 400 ', end: finish },
];

/** Source addresses: 127.0.0.2 and the following. One alone has too few ports for a minute of this. */
const ADDRESSES = 16;
/** More are not opened before some have ended. */
const OPEN_MAX = 500;
const TURN_MS = 5;
const TIMEOUT_MS = 20_000;

export class ChurnClients {
  opened = 0;
  open = 0;
  answered = 0;
  readonly failures: string[] = [];
  private readonly options: ChurnOptions;

  constructor(options: ChurnOptions) {
    this.options = options;
  }

  /** Opens so many connections and resolves when all of them have ended. */
  async run(connections: number): Promise<void> {
    const goal = this.opened + connections;
    const { perSecond } = this.options;
    const began = performance.now();
    const first = this.opened;
    while (this.opened < goal) {
      const due = first + Math.ceil(((performance.now() - began) / 1000) * perSecond);
      while (this.opened < Math.min(due, goal) && this.open < OPEN_MAX) this.connect(this.opened++);
      await sleep(TURN_MS);
    }
    while (this.open > 0) await sleep(TURN_MS);
  }

  private connect(number: number): void {
    const manner = mannerOf(number);
    const localAddress = `127.0.0.${2 + (number % ADDRESSES)}`;
    const socket = connect({ port: this.options.port, host: '127.0.0.1', localAddress });
    let received = '';
    this.open++;
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('nothing came in time')));
    socket.on('connect', () => {
      socket.write(manner.sends, () => {
        if (manner.expects === '') manner.end(socket);
      });
    });
    socket.on('data', (data) => {
      const isFirst = received === '';
      received += data.toString('latin1');
      if (isFirst && manner.expects !== '') manner.end(socket);
    });
    socket.on('error', (error) => this.failures.push(`${manner.sends.slice(0, 20)}: ${error.message}`));
    socket.on('close', () => {
      this.open--;
      if (manner.expects === '') return;
      if (received.startsWith(manner.expects)) this.answered++;
      else this.failures.push(`${manner.sends.slice(0, 20)}: ${received.slice(0, 40) || 'nothing'}`);
    });
  }
}

/** All manners in their shares, mixed. */
function mannerOf(number: number): Manner {
  let place = (number * 37) % 100;
  for (const manner of MANNERS) {
    if (place < manner.share) return manner;
    place -= manner.share;
  }
  return MANNERS[0]!;
}
