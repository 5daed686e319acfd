// Programs of the benchmark in C++: compiled when a run needs one, into its folder. The compiler is the one that the addon needs too.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findTool, type Tool } from './tools.ts';

export const COMPILER: Tool = { command: 'c++', debianPackage: 'g++' };

const SOURCES = join(import.meta.dirname, '../cc');

export type CompiledName = 'datagram-echo' | 'datagram-clients' | 'exchange-server' | 'exchange-clients';

/** @returns its path; compiled once in a folder. @throws Error with what the compiler says. */
export function compiled(name: CompiledName, folder: string): string {
  const program = join(folder, name);
  if (existsSync(program)) return program;
  const args = ['-std=c++17', '-O2', '-Wall', '-Wextra', '-o', program, join(SOURCES, `${name}.cc`)];
  execFileSync(findTool(COMPILER.command) ?? COMPILER.command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  return program;
}
