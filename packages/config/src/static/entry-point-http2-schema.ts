// `entryPoints.<name>.http2` (static-config.md section 2), and under `limits` what a client may ask of one connection: our own, as the
// compatible configuration has no such limits. What each is against is in docs/security/http2.md.

import { z } from 'zod';
import { durationSchema } from '../schema/duration.ts';
import { boundedInteger } from '../schema/scalars.ts';

const INT31_MAX = 2 ** 31 - 1;

const tableBytes = (whose: string) =>
  boundedInteger({ min: 0, max: INT31_MAX })
    .default(4096)
    .describe(`Bytes of the header table of ${whose}, on each connection. 0: 4096; no more than 65536 are used.`);

const rate = (burst: number, perSecond: number, what: string) =>
  z
    .object({
      burst: boundedInteger({ min: 1, max: INT31_MAX }).default(burst).describe('At once.'),
      perSecond: boundedInteger({ min: 0, max: INT31_MAX }).default(perSecond).describe('In the long run.'),
    })
    .prefault({})
    .describe(what);

const count = (min: number, max: number, standard: number, what: string) =>
  boundedInteger({ min, max }).default(standard).describe(what);

const limits = z
  .object({
    resets: rate(500, 100, 'Streams that end before their time by the client’s doing. A completed one pays for one.'),
    refusedStreams: rate(500, 50, 'Streams beyond maxConcurrentStreams.'),
    settings: rate(100, 10, 'SETTINGS frames.'),
    pings: rate(200, 20, 'PING frames; data and streams pay for one each.'),
    emptyData: rate(100, 10, 'DATA frames without data that end nothing.'),
    emptyHeaders: rate(100, 10, 'Field blocks without a byte, but for trailers.'),
    priorities: rate(500, 50, 'PRIORITY frames; a stream pays for four.'),
    windowUpdates: rate(1000, 200, 'WINDOW_UPDATE frames; a DATA frame of ours pays for eight, a stream too.'),
    tinyWindowUpdates: rate(100, 10, 'WINDOW_UPDATE frames of less than tinyIncrementBytes.'),
    tinyIncrementBytes: count(1, INT31_MAX, 64, 'What a small WINDOW_UPDATE is.'),
    ignoredFrames: rate(1000, 100, 'Frames without any effect; a stream pays for two.'),
    stallTime: durationSchema({ minMs: 1_000 })
      .prefault('60s')
      .describe(
        'A stream of which the client takes less than stallProgressBytes in this time, though there is more, is reset.',
      ),
    stallProgressBytes: count(1, INT31_MAX, 14_400, 'What a client must take of a stream in stallTime.'),
    unsentBytesMax: count(
      16_384,
      INT31_MAX,
      524_288,
      'Bytes that wait for a client; frames that ask for an answer must not come beyond.',
    ),
    continuationsMax: count(1, 65_536, 64, 'CONTINUATION frames of one head; more where maxHeaderBytes needs more.'),
    settingsMax: count(16, 10_000, 64, 'Settings in one SETTINGS frame.'),
    streamWindowBytes: boundedInteger({ min: 1, max: INT31_MAX })
      .default(262_144)
      .describe('Bytes of one request body that may wait here.'),
    connectionWindowBytes: boundedInteger({ min: 65_535, max: INT31_MAX })
      .default(1_048_576)
      .describe('Bytes of all request bodies of a connection that may wait here.'),
  })
  .prefault({})
  .describe('Bounds for one connection; beyond a rate it is ended. Not part of the compatible configuration.');

export const entryPointHttp2Schema = z
  .object({
    maxConcurrentStreams: boundedInteger({ min: 0, max: INT31_MAX })
      .default(250)
      .describe('Requests that a connection may have under way; more are refused. 0: 250.'),
    maxDecoderHeaderTableSize: tableBytes('clients'),
    maxEncoderHeaderTableSize: tableBytes('ours'),
    limits,
  })
  .prefault({});
