// Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer beside the normal build and runs the unit tests of this
// package on it. Any report fails the run. Leaks are not looked for: Node itself leaves memory to the end of the process.

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNodeDirectory } from '../scripts/node-headers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const build = join(root, 'build-san');
const product = join(build, 'sluice.node');
const reports = join(build, 'reports');
const compiler = process.env.CXX ?? 'g++';

const FLAGS = [
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=undefined',
  '-fno-omit-frame-pointer',
  '-g',
  '-O1',
  '-fPIC',
  '-std=c++17',
  '-fno-exceptions',
  // The type information that the vptr check needs is off, as in the normal build.
  '-fno-rtti',
  '-fno-sanitize=vptr',
  '-D_GNU_SOURCE',
  '-DNAPI_VERSION=9',
  '-DNODE_GYP_MODULE_NAME=sluice',
  '-DBUILDING_NODE_EXTENSION',
];

function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) throw result.error;
  return result;
}

/** Compiles what changed; headers count for every file. */
function compile() {
  const headers = findNodeDirectory();
  if (headers === undefined)
    throw new Error('no headers of Node found; set npm_config_nodedir to a folder with include/node');
  const { sources } = JSON.parse(readFileSync(join(root, 'binding.gyp'), 'utf8')).targets[0];
  const newestHeader = Math.max(
    ...globSync('src/cc/**/*.h', { cwd: root }).map((path) => statSync(join(root, path)).mtimeMs),
  );
  mkdirSync(build, { recursive: true });
  const objects = sources.map((source) => {
    const object = join(build, `${source.replaceAll('/', '-')}.o`);
    const made = statSync(object, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (made < Math.max(newestHeader, statSync(join(root, source)).mtimeMs)) {
      const result = run(compiler, [...FLAGS, `-I${join(headers, 'include', 'node')}`, '-c', source, '-o', object]);
      if (result.status !== 0) process.exit(1);
    }
    return object;
  });
  if (run(compiler, ['-shared', '-fsanitize=address,undefined', ...objects, '-o', product]).status !== 0)
    process.exit(1);
}

function libraryPath(name) {
  const path = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim();
  if (!existsSync(path)) throw new Error(`${compiler} has no ${name}`);
  return path;
}

compile();
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports);
const log = join(reports, 'report');
const tests = process.argv.length > 2 ? process.argv.slice(2) : globSync('src/**/*.test.ts', { cwd: root });
const { status } = run(process.execPath, ['--test', '--test-concurrency=1', '--test-timeout=120000', ...tests], {
  env: {
    ...process.env,
    SLUICE_NATIVE_ADDON: product,
    LD_PRELOAD: `${libraryPath('libasan.so')} ${libraryPath('libubsan.so')}`,
    ASAN_OPTIONS: `detect_leaks=0:detect_stack_use_after_return=1:log_path=${log}`,
    UBSAN_OPTIONS: `print_stacktrace=1:log_path=${log}`,
  },
});
const found = readdirSync(reports);
for (const name of found) process.stderr.write(`${readFileSync(join(reports, name), 'utf8')}\n`);
process.exitCode = status !== 0 || found.length > 0 ? 1 : 0;
