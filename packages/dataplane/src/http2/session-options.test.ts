import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_SESSION_OPTIONS } from '@sluice/protocols';
import { defaultEntryPoint } from '../testing/configuration.ts';
import { clientSessionOptions } from './session-options.ts';

const { http2 } = defaultEntryPoint();
const HEAD = { headBytesMax: 1024 * 1024, fieldsMax: 512, targetBytesMax: 65_536 };

test('what is configured by default is what sessions have by default', () => {
  const { session } = clientSessionOptions(HEAD, http2);
  assert.deepEqual(session.abuse, DEFAULT_SESSION_OPTIONS.abuse);
  assert.equal(session.concurrentStreamsMax, DEFAULT_SESSION_OPTIONS.concurrentStreamsMax);
  assert.equal(session.frames.settingsMax, DEFAULT_SESSION_OPTIONS.frames.settingsMax);
  // Whole heads of the default size must fit into full frames.
  assert.ok(session.frames.continuationsMax * 16_384 >= session.frames.fieldBlockBytesMax);
});

test('every limit of the configuration reaches the session', () => {
  const rate = { burst: 7, perSecond: 3 };
  const rates = Object.entries(http2.limits).map(([key, value]) => [key, typeof value === 'object' ? rate : 12_345]);
  const limits = Object.fromEntries(rates) as typeof http2.limits;
  const { session } = clientSessionOptions(HEAD, { ...http2, maxConcurrentStreams: 9, limits });
  for (const [key, value] of Object.entries(session.abuse)) {
    assert.deepEqual(value, typeof value === 'object' ? rate : 12_345, key);
  }
  const { frames, streamWindowBytes, connectionWindowBytes, concurrentStreamsMax } = session;
  const sizes = [frames.continuationsMax, frames.settingsMax, streamWindowBytes, connectionWindowBytes];
  assert.deepEqual(sizes, [12_345, 12_345, 12_345, 12_345]);
  assert.equal(concurrentStreamsMax, 9);
  const few = clientSessionOptions(
    { ...HEAD, headBytesMax: 16_384 },
    { ...http2, limits: { ...limits, continuationsMax: 1 } },
  );
  assert.equal(few.session.frames.continuationsMax, few.session.frames.fieldBlockBytesMax / 16_384);
});
