// Makes a checkout ready to run: dependencies, the repository's own Node, the native addon. Quick and quiet when nothing is due.
// Plain JavaScript without dependencies, since it runs on whatever Node (20 or later) the machine has, before anything is there.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const ownNode = join(modules, 'node', 'bin', 'node');
const native = join(root, 'packages', 'native');

checkPlatform();
installDependencies();
bringOwnNode();
buildAddon();

function checkPlatform() {
  const { platform, arch, versions } = process;
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
    stop(`Sluice runs on Linux on x64 or arm64; this is ${platform} on ${arch}.`);
  }
  if (process.report.getReport().header.glibcVersionRuntime === undefined) {
    stop('Sluice needs a Linux with the GNU C library, such as Debian or Ubuntu; this one has another.');
  }
  if (Number.parseInt(versions.node, 10) < 20) stop(`Node 20 or later is needed to set up; this is ${versions.node}.`);
}

/**
 * Runs npm only when node_modules is missing or was made from another lock file. Not `npm ci`: that refuses a lock file
 * without the optional packages of other platforms, which some registries do not have. `--no-save` leaves the lock file
 * as it is, and its versions are the ones installed.
 */
function installDependencies() {
  const lock = join(root, 'package-lock.json');
  const stamp = join(modules, '.sluice-lock');
  const wanted = existsSync(lock) ? hash(lock) : 'none';
  const have = existsSync(stamp) ? readFileSync(stamp, 'utf8') : undefined;
  if (have === wanted) return;
  const installedByHand = have === undefined && existsSync(lock) && isNewer(join(modules, '.package-lock.json'), lock);
  if (!installedByHand) npm(['install', '--no-save'], 'installing the dependencies');
  writeFileSync(stamp, wanted);
}

/**
 * The `node` package fetches the binary for this platform in its install script. Where install scripts are forbidden
 * the binary is absent, and that one script is run here instead. npm links only what was there when it looked.
 */
function bringOwnNode() {
  if (!existsSync(ownNode)) fetchOwnNode();
  const link = join(modules, '.bin', 'node');
  if (existsSync(link)) return;
  rmSync(link, { force: true });
  symlinkSync('../node/bin/node', link);
}

function fetchOwnNode() {
  say("fetching the repository's own Node");
  const result = spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
    cwd: join(modules, 'node'),
    env: hostEnvironment(),
    encoding: 'utf8',
  });
  if (existsSync(ownNode)) return;
  process.stderr.write(`${result.stdout}${result.stderr}\n`);
  stop('The Node that this repository needs could not be fetched from the package registry; see the lines above.');
}

/** The build script of the package compiles only what is older than its sources, and is quiet otherwise. */
function buildAddon() {
  if (!existsSync(join(native, 'build', 'Release', 'sluice.node'))) {
    requireBuildTools();
    say('building the native addon');
  }
  run(ownNode, ['scripts/build.mjs'], { cwd: native, env: ownEnvironment() });
}

function requireBuildTools() {
  const compiler = process.env.CXX ?? 'g++';
  const missing = [compiler, 'make', 'python3'].filter((tool) => !isInPath(tool.split(' ')[0]));
  if (missing.length === 0) return;
  if (process.getuid() !== 0 || !isInPath('apt-get') || process.env.CXX !== undefined) {
    const advice = 'On Debian or Ubuntu: apt-get install g++ make python3';
    stop(`Sluice builds a small C++ addon and needs ${missing.join(', ')}. ${advice}`);
  }
  say(`installing ${missing.join(', ')} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-q'], { env });
  run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'g++', 'make', 'python3'], { env });
}

function npm(args, purpose) {
  say(purpose);
  run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { env: hostEnvironment() });
}

/** Shows what a command printed only when it fails. */
function run(command, args, options) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  stop(`"${command} ${args.join(' ')}" failed${result.error ? `: ${result.error.message}` : '; see the lines above'}.`);
}

/** Without the binaries of node_modules, where npm may be about to replace the very Node that runs this. */
function hostEnvironment() {
  const path = process.env.PATH.split(delimiter).filter((entry) => !entry.includes('node_modules'));
  return { ...process.env, PATH: path.join(delimiter) };
}

/** With the repository's own Node first. */
function ownEnvironment() {
  return { ...process.env, PATH: [join(modules, '.bin'), process.env.PATH].join(delimiter) };
}

function isInPath(tool) {
  return process.env.PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function isNewer(file, other) {
  return existsSync(file) && statSync(file).mtimeMs >= statSync(other).mtimeMs;
}

function hash(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function say(text) {
  process.stderr.write(`setup: ${text} …\n`);
}

function stop(sentence) {
  process.stderr.write(`setup: ${sentence}\n`);
  process.exit(1);
}
