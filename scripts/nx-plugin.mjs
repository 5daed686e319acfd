// Tells nx which targets a package has, so that no package repeats them: typecheck and lint are cached, tests never are.
// The scripts of a package.json are targets as well and win. Plain JavaScript, because nx loads it before anything else.

import { dirname } from 'node:path';

/** @type {import('nx/src/project-graph/plugins').CreateNodesV2} */
export const createNodesV2 = ['packages/*/package.json', (files) => files.map((file) => [file, describe(file)])];

function describe(file) {
  const root = dirname(file);
  return {
    projects: { [root]: { root, targets: { typecheck: typecheck(root), lint: lint(root), test: test(root) } } },
  };
}

/** Types reach across packages through their sources, so the sources of all packages are inputs. */
function typecheck(root) {
  return {
    command: `tsc -p ${root}/tsconfig.json`,
    cache: true,
    inputs: ['typescript', '{projectRoot}/tsconfig.json'],
    outputs: [],
  };
}

function lint(root) {
  return {
    command: `biome check ${root}`,
    cache: true,
    inputs: ['{projectRoot}/**/*', '{workspaceRoot}/biome.json', '{workspaceRoot}/package-lock.json'],
    outputs: [],
  };
}

function test(root) {
  return { command: `node scripts/test.ts ${root}/`, cache: false };
}
