// Every package looks alike: its name, licence and type, a TypeScript project of its own, and an entry.
// Versions of outside dependencies are exact, so that two checkouts never differ.

import type { TidyCheck } from '../repository.ts';

export const checkPackages: TidyCheck = (files) => {
  const problems: string[] = [];
  const paths = new Set(files.map((file) => file.path));
  const folders = new Set(files.flatMap(({ path }) => /^packages\/([^/]+)\//.exec(path)?.[1] ?? []));
  for (const folder of folders) {
    const base = `packages/${folder}`;
    for (const needed of ['package.json', 'tsconfig.json']) {
      if (!paths.has(`${base}/${needed}`)) problems.push(`${base}: has no ${needed}`);
    }
  }
  for (const { path, text } of files) {
    const [, folder] = /^packages\/([^/]+)\/package\.json$/.exec(path) ?? [];
    if (folder !== undefined) problems.push(...faults(folder, JSON.parse(text)).map((fault) => `${path}: ${fault}`));
  }
  return problems;
};

interface Manifest {
  readonly name?: string;
  readonly type?: string;
  readonly license?: string;
  readonly exports?: Record<string, unknown>;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

function faults(folder: string, manifest: Manifest): string[] {
  const found: string[] = [];
  if (manifest.name !== `@sluice/${folder}`) found.push(`its name must be "@sluice/${folder}"`);
  if (manifest.type !== 'module') found.push('"type" must be "module"');
  if (manifest.license !== 'Apache-2.0') found.push('"license" must be "Apache-2.0"');
  if (manifest.exports?.['.'] === undefined) found.push('"exports" must have "."');
  for (const [name, version] of Object.entries(manifest.dependencies ?? {})) {
    const exact = name.startsWith('@sluice/') ? version === '*' : /^(npm:\S+@)?\d+\.\d+\.\d+$/.test(version);
    if (!exact)
      found.push(`"${name}": "${version}" must be ${name.startsWith('@sluice/') ? '"*"' : 'an exact version'}`);
  }
  return found;
}

/** The lock file knows what every package.json asks for; set-up installs by the lock file. */
export const checkLock: TidyCheck = (files) => {
  const text = files.find((file) => file.path === 'package-lock.json')?.text ?? '{"packages":{}}';
  const locked: Record<string, Manifest> = JSON.parse(text).packages;
  return files.flatMap(({ path, text: manifest }) => {
    if (!/^(packages\/[^/]+\/)?package\.json$/.test(path)) return [];
    const entry = locked[path.replace(/\/?package\.json$/, '')];
    const wanted = JSON.parse(manifest) as Manifest;
    const same = sorted(entry?.dependencies) === sorted(wanted.dependencies);
    return same && sorted(entry?.devDependencies) === sorted(wanted.devDependencies)
      ? []
      : [`package-lock.json: does not know the dependencies of ${path}; run npm install --package-lock-only`];
  });
};

function sorted(dependencies: Record<string, string> = {}): string {
  return JSON.stringify(Object.entries(dependencies).sort());
}
