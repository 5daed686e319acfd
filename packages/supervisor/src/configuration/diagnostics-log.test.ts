import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnostic } from '@sluice/errors';
import pino from 'pino';
import { DiagnosticsLog } from './diagnostics-log.ts';

function capture() {
  const lines: { level: number; msg: string }[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const take = () => lines.splice(0).map(({ level, msg }) => `${level} ${msg}`);
  return { diagnostics: new DiagnosticsLog(log), take };
}

function problem(message: string, severity: Diagnostic['severity'] = 'error'): Diagnostic {
  return { code: 'CONFIG_VALUE', severity, message };
}

test('what stays wrong is said once, what is gone is forgotten', () => {
  const { diagnostics, take } = capture();
  diagnostics.report([problem('a'), problem('b', 'warning'), problem('a')]);
  assert.deepEqual(take(), ['50 error: a', '40 warning: b']);
  diagnostics.report([problem('a'), problem('c')]);
  assert.deepEqual(take(), ['50 error: c', '30 problems of the configuration are gone']);
  diagnostics.report([problem('b', 'warning')]);
  assert.deepEqual(take(), ['40 warning: b', '30 problems of the configuration are gone']);
});

test('a flood is cut', () => {
  const { diagnostics, take } = capture();
  diagnostics.report(Array.from({ length: 250 }, (_, number) => problem(`p${number}`)));
  const lines = take();
  assert.equal(lines.length, 101);
  assert.match(lines.at(-1)!, /150 more problems/);
});
