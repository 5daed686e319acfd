// The chunked decoder over a whole body, and the rules every path goes through.

import { ChunkedDecoder, ChunkPiece, isPlainPath, normalizePath, routingPath, sanitizePath } from '@sluice/protocols';
import { bodyOf } from '../load/load-request.ts';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';

const KIB = 1024;
const PLAIN = '/catalogue/tools/page-7.html';
const ENCODED = '/catalogue/caf%C3%A9/a%2Fb/%7Euser';
const DOTTED = '/catalogue/./tools/../tools//page-7.html';

export const CHUNKS: MicroGroup = {
  title: 'chunked decoder',
  make: () => [chunks(16 * KIB, KIB), chunks(16 * KIB, 16 * KIB), chunks(KIB, 16)],
};

export const PATHS: MicroGroup = {
  title: 'paths',
  make: () => [
    { name: 'plain? (a plain one)', run: () => isPlainPath(PLAIN) },
    { name: 'normalise, encoded', run: () => normalizePath(ENCODED) },
    { name: 'sanitise, clean', run: () => sanitizePath(PLAIN) },
    { name: 'sanitise, dots and slashes', run: () => sanitizePath(DOTTED) },
    { name: 'routing path, encoded', run: () => routingPath(ENCODED) },
  ],
};

function chunks(bytes: number, chunkBytes: number): MicroBenchmark {
  const body = Buffer.from(bodyOf({ bytes, chunkBytes }), 'latin1');
  const decoder = new ChunkedDecoder();
  const run = () => {
    decoder.reset();
    let at = 0;
    do at = decoder.step(body, at, body.length);
    while (decoder.piece === ChunkPiece.DATA);
    return at;
  };
  return { name: `${bytes / KIB} KiB in chunks of ${chunkBytes} bytes`, run, bytes: body.length };
}
