// The network of a benchmark: its own where one can be made, and nobody else's changed.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeNetwork } from './own-network.ts';
import { findTool } from './tools.ts';

const PROGRAM = `
  import { execFileSync } from 'node:child_process';
  import { readlinkSync } from 'node:fs';
  import { describeNetwork, enterOwnNetwork } from ${JSON.stringify(join(import.meta.dirname, 'own-network.ts'))};
  enterOwnNetwork();
  const routes = execFileSync(process.argv[2], ['route', 'show', 'table', 'local'], { encoding: 'utf8' });
  const net = readlinkSync('/proc/self/ns/net');
  console.log(JSON.stringify({ net, routes, words: describeNetwork(), argument: process.argv[3] }));
`;

test('the program goes on in another network, or in this one', (context) => {
  const ip = findTool('ip');
  if (ip === undefined) {
    assert.match(describeNetwork(), /^loopback of the machine, \w+$/);
    return;
  }
  const mayUnshare =
    process.getuid!() === 0 && spawnSync('unshare', ['--net', 'true'], { stdio: 'ignore' }).status === 0;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-network-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'program.mjs');
  writeFileSync(file, PROGRAM);
  const args = ['--disable-warning=ExperimentalWarning', file, ip, 'kept'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, stderr);
  const { net, routes, words, argument } = JSON.parse(stdout);
  assert.equal(argument, 'kept');
  const here = readlinkSync('/proc/self/ns/net');
  if (mayUnshare) {
    assert.notEqual(net, here);
    assert.equal(routes.match(/local 127\S* .*congctl cubic/g).length, 2);
    assert.match(words, /of its own, cubic/);
  } else {
    assert.equal(net, here);
    assert.match(words, /of the machine, \w+/);
  }
});
