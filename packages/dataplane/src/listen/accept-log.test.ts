import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pino } from 'pino';
import { AcceptLog } from './accept-log.ts';

interface Line {
  readonly level: number;
  readonly code?: string;
  readonly msg: string;
  readonly earlier?: number;
  readonly errno?: number;
  readonly clientsMax?: number;
}

function lines(use: (log: AcceptLog) => void): Line[] {
  const written: Line[] = [];
  const log = pino({}, { write: (text: string) => written.push(JSON.parse(text)) });
  use(new AcceptLog(log, 'web'));
  return written;
}

it('says that accepting is paused and goes on', () => {
  const said = lines((log) => {
    log.paused(0, 500, 1_000);
    log.resumed();
  });
  assert.deepEqual(
    said.map(({ level, code, clientsMax }) => [level, code, clientsMax]),
    [
      [40, 'CONNECTION_LIMIT_REACHED', 500],
      [30, undefined, undefined],
    ],
  );
});

it('at the brink says so once in a while, and how often it was', () => {
  const said = lines((log) => {
    for (let ms = 0; ms <= 20_000; ms += 10) {
      log.paused(0, 500, ms);
      log.resumed();
    }
  });
  const pauses = said.filter(({ code }) => code !== undefined);
  assert.deepEqual(
    pauses.map(({ earlier }) => earlier),
    [undefined, 999, 999],
  );
  assert.equal(said.length, 6);
});

it('the kernel has nothing left: another line, with its reason', () => {
  const [line] = lines((log) => log.paused(24, 500, 0));
  assert.deepEqual([line!.level, line!.code, line!.errno], [50, 'ACCEPTING_FAILED', 24]);
});
