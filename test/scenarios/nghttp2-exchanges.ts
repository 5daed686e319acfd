// Scenario: nghttp2's client and load generator ask nghttp2's server for files and send it bodies, through whatever is at the
// address that is given: small windows, padding, long field blocks, trailers, pushes, many streams.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { h2load, nghttp } from '../support/nghttp2.ts';

/** What the server has; its other words are in `SERVER_WORDS`. */
export const FILES = {
  'small.txt': 'hello\n',
  'large.txt': 'a line of text\n'.repeat(40_000),
  'pushed.txt': 'unasked\n',
};
export const SERVER_WORDS = ['--trailer', 'x-checked: yes', '-p', '/small.txt=/pushed.txt'];

const UPLOAD_BYTES = 1_500_000;
/** 2^14-1 bytes, against bodies of forty times that. */
const SMALL_WINDOWS = ['-w', '14', '-W', '14'];

export interface Nghttp2Reach {
  /** Without a path. */
  readonly url: string;
  /** `:authority` to send. */
  readonly name: string;
}

interface Stage {
  readonly upload: string;
  readonly body: Buffer;
  readonly ask: (path: string, ...words: readonly string[]) => Promise<Buffer>;
  readonly load: (path: string, ...words: readonly string[]) => ReturnType<typeof h2load>;
}

/** Runs every part as a test of its own. @param protocol which h2load is to have spoken. */
export async function nghttp2Exchanges(context: TestContext, reach: Nghttp2Reach, protocol: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-nghttp-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const body = randomBytes(UPLOAD_BYTES);
  const upload = join(folder, 'upload');
  writeFileSync(upload, body);
  const authority = ['-H', `:authority: ${reach.name}`];
  const stage: Stage = {
    upload,
    body,
    ask: (path, ...words) => nghttp(...authority, ...words, `${reach.url}${path}`),
    load: async (path, ...words) => {
      const result = await h2load(...authority, ...words, `${reach.url}${path}`);
      assert.equal(result.protocol, protocol);
      return result;
    },
  };
  for (const [name, part] of Object.entries(PARTS)) await context.test(name, () => part(stage));
}

const PARTS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  async 'files, small and larger than the windows'({ ask }) {
    assert.equal(String(await ask('/small.txt')), FILES['small.txt']);
    for (const words of [[], SMALL_WINDOWS])
      assert.equal(String(await ask('/large.txt', ...words)), FILES['large.txt']);
  },

  async 'uploads come back, with small windows, padded, without a length'({ ask, upload, body }) {
    for (const words of [[], SMALL_WINDOWS, ['-b', '200'], ['--no-content-length'], ['--expect-continue']]) {
      const back = await ask('/', '-d', upload, ...words);
      assert.ok(back.equals(body), `${words.join(' ')}: ${back.length} bytes came back`);
    }
  },

  async 'a field block of several frames; tables of other sizes'({ ask }) {
    for (const words of [
      ['--continuation'],
      ['-c', '0', '-c', '4096'],
      ['-c', '65536'],
      ['--encoder-header-table-size', '0'],
    ]) {
      assert.equal(String(await ask('/small.txt', ...words)), FILES['small.txt'], words.join(' '));
    }
  },

  async 'trailers arrive behind the answer'({ ask, upload }) {
    const frames = String(await ask('/', '-v', '-n', '-d', upload, '--trailer', 'x-sum: 1'));
    assert.match(frames, /recv \(stream_id=\d+\) x-checked: yes/);
  },

  async 'no push is taken on from the server'({ ask }) {
    const frames = String(await ask('/small.txt', '-v', '-n'));
    assert.doesNotMatch(frames, /recv PUSH_PROMISE/);
  },

  async 'many requests on one session'({ ask }) {
    const words = ['-m', '100', '-M', '20'];
    assert.equal(String(await ask('/small.txt', ...words)), FILES['small.txt'].repeat(100));
  },

  async 'load, gets and posts'({ load, upload }) {
    const gets = await load('/small.txt', '-n', '2000', '-c', '8', '-m', '16');
    assert.deepEqual([gets.succeeded, gets.failed, gets.status2xx], [2000, 0, 2000]);
    const large = await load('/large.txt', '-n', '60', '-c', '3', '-m', '4', ...SMALL_WINDOWS);
    assert.deepEqual([large.succeeded, large.failed, large.status2xx], [60, 0, 60]);
    const posts = await load('/', '-n', '40', '-c', '2', '-m', '4', '-d', upload);
    assert.deepEqual([posts.succeeded, posts.failed, posts.status2xx], [40, 0, 40]);
  },
};
