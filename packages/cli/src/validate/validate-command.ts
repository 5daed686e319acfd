// `sluice validate`: is this configuration what it is meant to be? Says everything that is wrong, with file and line, and
// starts nothing.

import { type Diagnostic, formatDiagnostic } from '@sluice/errors';
import type { Command, CommandContext } from '../command.ts';
import { lastValue, outputFormat, type ParsedOptions, parseOptions } from '../command-line/parse-options.ts';
import { checkProject } from '../project/check-project.ts';
import { loadProject, type Project } from '../project/load-project.ts';

const HELP = `Usage: sluice validate [files…] [--configFile FILE] [--format human|json]

Checks configuration without starting anything: syntax, every object, rules, middlewares, references between objects, and
the certificates, keys, authorities and password files that it names. Relative paths begin at the current folder.

  files                     dynamic configuration files (.yaml, .yml, .toml); without any, those of the file provider
  --configFile FILE         static configuration; its entry points are then known, too. Without files and without this
                            option the static configuration is searched as "sluice run" does
  --validation.unknownKeys  error or warn, instead of what the static configuration says
  --format FORMAT           human (default), or json for programs

Exit code: 0 when there are no errors (warnings are allowed), 1 otherwise.
`;

export const validateCommand: Command = {
  name: 'validate',
  summary: 'check configuration files without starting anything',
  help: HELP,
  run: runValidate,
};

const SPEC = { values: ['configFile', 'format', 'validation.unknownKeys'], switches: [] };

async function runValidate({ terminal, ...context }: CommandContext): Promise<number> {
  const options = parseOptions(context.arguments, SPEC);
  const format = outputFormat(options);
  const project = await loadProject({
    staticArguments: staticArguments(options),
    files: options.words,
    environment: context.environment,
    workingDirectory: context.workingDirectory,
  });
  const diagnostics = [...project.diagnostics, ...checkProject(project)].sort(comparePlaces);
  const valid = !diagnostics.some(({ severity }) => severity === 'error');
  const render = format === 'json' ? renderJson : renderHuman;
  terminal.out(render(project, diagnostics, valid));
  return valid ? 0 : 1;
}

function staticArguments(options: ParsedOptions): string[] | undefined {
  const configFile = lastValue(options, 'configFile');
  const unknownKeys = lastValue(options, 'validation.unknownKeys');
  if (configFile === undefined && options.words.length > 0 && unknownKeys === undefined) return undefined;
  const args = configFile === undefined ? [] : [`--configFile=${configFile}`];
  return unknownKeys === undefined ? args : [...args, `--validation.unknownKeys=${unknownKeys}`];
}

/** By file and line, so that the list can be worked through from top to bottom. */
function comparePlaces(a: Diagnostic, b: Diagnostic): number {
  const [left = '', right = ''] = [a.file, b.file];
  if (left !== right) return left < right ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function countOf(project: Project) {
  const { http, tcp, udp } = project;
  const count = (...kinds: (object | undefined)[]) =>
    kinds.reduce((sum, kind) => sum + Object.keys(kind ?? {}).length, 0);
  return {
    files: project.files.length,
    routers: count(http.routers, tcp?.routers, udp?.routers),
    services: count(http.services, tcp?.services, udp?.services),
    middlewares: count(http.middlewares, tcp?.middlewares),
    serversTransports: count(http.serversTransports, tcp?.serversTransports),
    certificates: project.tls?.certificates.length ?? 0,
    tlsOptions: Object.keys(project.tls?.options ?? {}).length,
  };
}

function renderJson(project: Project, diagnostics: readonly Diagnostic[], valid: boolean): string {
  return `${JSON.stringify({ valid, accepted: countOf(project), diagnostics }, null, 2)}\n`;
}

function renderHuman(project: Project, diagnostics: readonly Diagnostic[], valid: boolean): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const { files, routers, services, middlewares } = countOf(project);
  const lines = diagnostics.map(formatDiagnostic);
  const { source } = project.static ?? {};
  if (source !== undefined) lines.push(`static configuration: ${source.kind === 'file' ? source.path : source.kind}`);
  lines.push(
    `dynamic configuration: ${plural(files, 'file')}, ${plural(routers, 'router')}, ${plural(services, 'service')}, ${plural(middlewares, 'middleware')} accepted`,
    `${valid ? 'valid' : 'not valid'}: ${plural(errors, 'error')}, ${plural(warnings, 'warning')}`,
  );
  return `${lines.join('\n')}\n`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
