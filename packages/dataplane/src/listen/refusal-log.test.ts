import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Errors } from '@sluice/errors';
import type { Logger } from 'pino';
import { RefusalLog, SUBJECTS_MAX } from './refusal-log.ts';

describe('the log of refusals', () => {
  let lines: Record<string, unknown>[];
  let refusals: RefusalLog;
  beforeEach(() => {
    lines = [];
    const write = (line: Record<string, unknown>): void => void lines.push(line);
    refusals = new RefusalLog({ warn: write, error: write, debug: write } as unknown as Logger, 'web');
  });

  it('tells the first at once, and how many there were when it speaks again', () => {
    for (let i = 0; i < 5; i++) refusals.refused(Errors.UPSTREAM_NOT_TLS, `192.0.2.${i}`, 1000 + i);
    refusals.refused(Errors.UPSTREAM_NOT_TLS, '192.0.2.9', 11_001);
    assert.deepEqual(lines, [
      { code: 'UPSTREAM_NOT_TLS', entryPoint: 'web', client: '192.0.2.0', earlier: undefined },
      { code: 'UPSTREAM_NOT_TLS', entryPoint: 'web', client: '192.0.2.9', earlier: 4 },
    ]);
  });

  it('keeps apart what happens to different servers, and what differs in kind', () => {
    for (const server of ['a', 'b', 'a', 'b']) {
      refusals.refused(Errors.UPSTREAM_NOT_TLS, '192.0.2.1', 0, { server }, server);
      refusals.refused(Errors.UPSTREAM_TLS_FAILED, '192.0.2.1', 0, { server }, server);
    }
    assert.deepEqual(
      lines.map(({ code, server }) => [code, server]),
      [
        ['UPSTREAM_NOT_TLS', 'a'],
        ['UPSTREAM_TLS_FAILED', 'a'],
        ['UPSTREAM_NOT_TLS', 'b'],
        ['UPSTREAM_TLS_FAILED', 'b'],
      ],
    );
  });

  it('remembers a bounded number of them, and forgets the one it told first', () => {
    const tell = (subject: string): void =>
      refusals.refused(Errors.UPSTREAM_NOT_TLS, '192.0.2.1', 0, undefined, subject);
    for (let i = 0; i <= SUBJECTS_MAX; i++) tell(`server ${i}`);
    tell(`server ${SUBJECTS_MAX}`);
    tell('server 1');
    assert.equal(lines.length, SUBJECTS_MAX + 1);
    tell('server 0');
    assert.equal(lines.length, SUBJECTS_MAX + 2);
  });
});
