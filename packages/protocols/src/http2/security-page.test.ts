// The page about HTTP/2 security names every limit with the default it has, and only faults that exist.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { DEFAULT_ABUSE_LIMITS } from './abuse-limits.ts';
import { DEFAULT_FRAME_LIMITS } from './frame-limits.ts';
import { Http2Fault } from './http2-fault.ts';
import { DEFAULT_SESSION_OPTIONS } from './session-options.ts';
import type { FrameRate } from './token-buckets.ts';

const PAGE = readFileSync(new URL('../../../../docs/security/http2.md', import.meta.url), 'utf8');

it('docs/security/http2.md names every limit with its default', () => {
  const { concurrentStreamsMax, streamWindowBytes, connectionWindowBytes } = DEFAULT_SESSION_OPTIONS;
  const limits: Record<string, FrameRate | number> = {
    ...DEFAULT_ABUSE_LIMITS,
    ...DEFAULT_FRAME_LIMITS,
    ...{ concurrentStreamsMax, streamWindowBytes, connectionWindowBytes },
  };
  for (const [name, value] of Object.entries(limits)) {
    const text = typeof value === 'number' ? String(value) : `${value.burst}, ${value.perSecond} a second`;
    assert.ok(PAGE.includes(`\n| \`${name}\` | ${text} |`), `${name} is ${text}`);
  }
});

it('docs/security/http2.md names faults that exist, and every limit that is one', () => {
  const named = new Set(PAGE.match(/`[A-Z_]+`(?= \|| \()/g)?.map((text) => text.slice(1, -1)));
  const faults = Object.keys(Http2Fault);
  assert.deepEqual(
    [...named].filter((name) => !faults.includes(name)),
    [],
  );
  const abuses = faults.slice(faults.indexOf('FIELD_BLOCK_TOO_LARGE'));
  assert.deepEqual(
    abuses.filter((name) => !named.has(name)),
    [],
  );
});
